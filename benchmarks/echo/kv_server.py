"""The KV server of examples/kv on beamish. Prints its port, then serves."""

from __future__ import annotations

import logging
import sys

from beamish import process
from beamish.otp import application
from benchmarks.loops import run_beamish
from examples.kv.apps.kv_server import KVServer


class Port(logging.Handler):
    """Prints the port that the server's first line in the log tells."""

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple):
            print(record.args[0], flush=True)
        logging.getLogger("kv.server").removeHandler(self)


async def main() -> None:
    logger = logging.getLogger("kv.server")
    logger.setLevel(logging.INFO)
    logger.addHandler(Port())
    application.configure("kv_server", port="0")
    await application.ensure_all_started(KVServer, "permanent")
    await process.sleep(None)


if __name__ == "__main__":
    run_beamish(main, uvloop="uvloop" in sys.argv)
