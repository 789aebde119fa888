"""The second echo server: the first one as a Task under a Supervisor, which starts it again.

    python -m examples.texts.echo_server.supervised [PORT]

The text writes ``worker(Task, [KVServer, :accept, [4040]])``. ``Supervisor.Spec`` has been
deprecated since, and with it went what it meant: that worker was *permanent*. A Task in a list of
children is *temporary* now, as most tasks end when they are done, and would not come back. So
an acceptor has to say that it is permanent.

There is still one client at a time. Another one is connected, but nobody reads what it says.
"""

import sys

from beamish import Pid, process
from beamish.cli import run_program
from beamish.otp import Supervisor, Task
from examples.texts.echo_server.one_client import accept


async def start(port: int) -> Pid:
    children = [
        Task.child_spec(accept, port, restart="permanent"),
    ]
    return await Supervisor.start_link(children, strategy="one_for_one", name="KVServer.Supervisor")


async def main(port: str = "4040") -> None:
    await start(int(port))
    await process.sleep(None)  # mix run --no-halt


if __name__ == "__main__":
    sys.exit(run_program(main, *sys.argv[1:]))
