"""The event loop that beamish.run makes."""

import asyncio


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A new loop."""
    return asyncio.SelectorEventLoop()
