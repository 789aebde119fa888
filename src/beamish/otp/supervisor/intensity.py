"""Restart intensity: how many restarts are too many.

Pure: the clock is the caller's.

Source: "Supervision Principles", Maximum Restart Intensity (OTP 25 manual).
"""

from __future__ import annotations

from collections import deque
from typing import Final, final

from beamish.terms import Atom

__all__ = ["REACHED_MAX_RESTART_INTENSITY", "RestartWindow"]

REACHED_MAX_RESTART_INTENSITY: Final = Atom("reached_max_restart_intensity")


@final
class RestartWindow:
    """Counts restarts within a sliding time.

    Args:
        max_restarts: how many are allowed within `max_seconds`.
        max_seconds: the length of the window in seconds.

    Example:
        >>> window = RestartWindow(1, 5.0)
        >>> window.add(now=0.0), window.add(now=6.0), window.add(now=7.0)
        (True, True, False)
    """

    __slots__ = ("_times", "max_restarts", "max_seconds")

    def __init__(self, max_restarts: int, max_seconds: float) -> None:
        self.max_restarts: int = max_restarts
        self.max_seconds: float = max_seconds
        self._times: deque[float] = deque()

    def __repr__(self) -> str:
        limit = f"max_restarts={self.max_restarts}, max_seconds={self.max_seconds}"
        return f"RestartWindow({limit}, restarts={len(self._times)})"

    def add(self, now: float) -> bool:
        """Counts a restart.

        Args:
            now: when, in seconds of any clock that does not go back.

        Returns:
            Whether it is allowed; False means that it was one too many. A restart exactly
            `max_seconds` ago still counts, as in OTP.
        """
        times = self._times
        while times and now > times[0] + self.max_seconds:
            times.popleft()
        times.append(now)
        return len(times) <= self.max_restarts
