"""The leak check, which users have as well."""

from beamish.testing.leaks import Surroundings, sweep

__all__ = ["Surroundings", "sweep"]
