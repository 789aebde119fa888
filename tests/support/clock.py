"""The virtual clock, which users have as well."""

from beamish.testing import NothingWillHappenError, VirtualClockLoop

__all__ = ["NothingWillHappenError", "VirtualClockLoop"]
