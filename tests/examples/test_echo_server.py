"""The four echo servers, held to what their text says of each, and to these scenarios.

k1: two clients at once. k2: a client quits. k3: the acceptor is killed, after it has given its
clients away with controlling_process; k4: without that. k5: the Task.Supervisor is killed. k6: a
killed acceptor is restarted, and its port is free. k7: what is too much for the supervisor: a port
that is taken, a client that is linked to the acceptor. k8: the order of starting and stopping.
"""

import logging
import socket
from collections.abc import Awaitable, Callable

import pytest

import beamish
from beamish import Pid, monitor, process, receive, spawn_monitor, to_erlang, whereis
from beamish.net import ClosedError, Socket, gen_tcp
from beamish.otp import Supervisor, Task, TaskSupervisor
from examples.texts.echo_server import linked_clients, many_clients, one_client, supervised
from examples.texts.echo_server.many_clients import TASK_SUPERVISOR
from tests.examples.echo import (
    SOON,
    Server,
    Visitor,
    accepting,
    crash_of,
    free_port,
    reason_of,
    records,
    serving,
)

# ---- the first version: one client


async def the_first_version_crashes() -> None:
    port = free_port()
    with records():
        server, watching = spawn_monitor(one_client.accept, port)
        await accepting(port)
        visitor = await Visitor.of(port)
        assert await visitor.echo(b"hello") == b"hello\r\n"
        visitor.quit()

        reason = await reason_of(watching)

        assert isinstance(reason, ClosedError)
        assert (await crash_of(server)).levelno == logging.ERROR
        # As in the text: KVServer.read_line/1, KVServer.serve/1, KVServer.loop_acceptor/1.
        names = [name for _module, name, _arity, _where in to_erlang(reason)[1]]
        start = names.index("read_line")
        assert names[start : start + 3] == ["read_line", "serve", "loop_acceptor"]


def test_the_first_version_ends_when_its_client_quits() -> None:
    beamish.run(the_first_version_crashes)


# ---- the second version: a task under a supervisor


def test_k1_the_second_version_does_not_answer_a_second_client() -> None:
    async def main() -> None:
        async with serving(supervised.start) as server:
            first, second = await server.visitor(), await Visitor.of(server.port)
            for line in (b"hello", b"hello?", b"HELLOOOOOO?"):
                await second.say(line)

            assert await first.echo(b"say you") == b"say you\r\n"
            assert second.hears_nothing()

    beamish.run(main)


def test_the_second_version_is_started_again_when_its_client_quits() -> None:
    async def main() -> None:
        async with serving(supervised.start) as server:
            visitor, acceptor = await server.visitor(), await server.acceptor()
            visitor.quit()
            await accepting(server.port)

            assert await server.acceptor() != acceptor
            assert await (await server.visitor()).echo(b"say me") == b"say me\r\n"

    beamish.run(main)


def test_a2_an_acceptor_that_is_not_said_to_be_permanent_does_not_come_back() -> None:
    async def start(port: int) -> Pid:
        return await Supervisor.start_link([Task.child_spec(one_client.accept, port)])

    async def main() -> None:
        async with serving(start) as server:
            acceptor = await server.acceptor()
            watching = monitor(acceptor)
            process.exit(acceptor, "kill")
            await reason_of(watching)

            assert await Supervisor.which_children(server.supervisor) == []

    beamish.run(main)


# ---- the third version: a linked task for each client


def test_k7_with_linked_clients_one_that_quits_takes_all_others_with_it() -> None:
    async def main() -> None:
        async with serving(linked_clients.start) as server:
            first, second = await server.visitor(), await server.visitor()
            acceptor = await server.acceptor()
            first.quit()
            await accepting(server.port)

            assert await second.hear() == b""
            assert await server.acceptor() != acceptor

    beamish.run(main)


# ---- the whole server


def run_with_server(test: Callable[[Server], Awaitable[None]]) -> None:
    async def main() -> None:
        async with serving(many_clients.start) as server:
            await test(server)

    beamish.run(main)


def test_k1_two_clients_are_served_at_once_and_their_line_ends_are_kept() -> None:
    async def test(server: Server) -> None:
        first, second = await server.visitor(), await server.visitor()
        await first.say(b"hello")
        await second.say(b"is it me")

        assert await second.hear() == b"is it me\r\n"
        assert await first.hear() == b"hello\r\n"

    run_with_server(test)


def test_k2_the_task_of_a_client_that_quits_crashes_and_is_logged() -> None:
    async def test(server: Server) -> None:
        visitor = await server.visitor()
        (task,) = await server.tasks()
        watching = monitor(task)
        visitor.quit()

        report = vars(await crash_of(task))
        reason = await reason_of(watching)

        assert isinstance(reason, ClosedError)
        assert reason.reason == "closed"
        assert report["exc_info"][1] is reason
        assert "in read_line" in report["beamish"]["stack"]

    run_with_server(test)


def test_k2_the_task_of_a_client_that_quits_is_not_restarted_and_harms_nobody() -> None:
    async def test(server: Server) -> None:
        first, second = await server.visitor(), await server.visitor()
        acceptor, (gone, other) = await server.acceptor(), await server.tasks()
        watching = monitor(gone)
        first.quit()
        await reason_of(watching)

        assert await server.tasks() == [other]
        assert await server.acceptor() == acceptor
        assert await second.echo(b"say you") == b"say you\r\n"

    run_with_server(test)


def test_k3_clients_outlive_their_acceptor_and_a_new_one_takes_new_clients() -> None:
    async def test(server: Server) -> None:
        old = await server.visitor()
        acceptor = await server.acceptor()
        process.exit(acceptor, "kill")
        await accepting(server.port)
        new = await server.visitor()

        assert await server.acceptor() != acceptor
        assert await old.echo(b"say you") == b"say you\r\n"
        assert await new.echo(b"say me") == b"say me\r\n"

    run_with_server(test)


def test_k5_when_the_task_supervisor_is_killed_so_are_its_tasks() -> None:
    async def test(server: Server) -> None:
        visitor = await server.visitor()
        (task,) = await server.tasks()
        watching = monitor(task)
        process.exit(await server.child(TASK_SUPERVISOR), "kill")

        assert await reason_of(watching) == "killed"
        assert await visitor.hear() == b""

    run_with_server(test)


def test_k5_the_acceptor_outlives_the_task_supervisor_and_finds_the_new_one_by_name() -> None:
    async def test(server: Server) -> None:
        await server.visitor()
        acceptor, tasks = await server.acceptor(), await server.child(TASK_SUPERVISOR)
        watching = monitor(tasks)
        process.exit(tasks, "kill")
        await reason_of(watching)
        new = await server.visitor()

        assert await server.acceptor() == acceptor
        assert whereis(TASK_SUPERVISOR) == await server.child(TASK_SUPERVISOR) != tasks
        assert await new.echo(b"say me") == b"say me\r\n"

    run_with_server(test)


def test_k6_the_address_is_free_whenever_a_killed_acceptor_is_restarted() -> None:
    kills = 50

    async def start(port: int) -> Pid:
        children = [
            TaskSupervisor.child_spec(name=TASK_SUPERVISOR),
            Task.child_spec(many_clients.accept, port, restart="permanent"),
        ]
        return await Supervisor.start_link(children, max_restarts=kills)

    async def main() -> None:
        async with serving(start) as server:
            for _ in range(kills):
                process.exit(await server.acceptor(), "kill")
                await accepting(server.port)

            crashes = [m for m in process.flush() if getattr(m, "report", None) == "crash"]
            assert crashes == []

    beamish.run(main)


def test_k7_where_the_port_is_taken_the_supervisor_gives_up_after_four_attempts() -> None:
    async def main() -> None:
        process.flag(trap_exit=True)
        with records(), socket.create_server(("127.0.0.1", 0)) as other:
            supervisor = await many_clients.start(other.getsockname()[1])
            reason = await reason_of(monitor(supervisor))

            reports = [vars(m) for m in process.flush() if isinstance(m, logging.LogRecord)]
            crashes = [report for report in reports if report.get("report") == "crash"]
            assert reason == "shutdown"
            assert [crash["exc_info"][1].reason for crash in crashes] == ["eaddrinuse"] * 4

    beamish.run(main)


def test_k8_the_task_supervisor_starts_before_the_acceptor() -> None:
    async def test(server: Server) -> None:
        assert await server.child(TASK_SUPERVISOR) < await server.acceptor()

    run_with_server(test)


def test_k8_the_acceptor_stops_before_the_task_supervisor() -> None:
    async def test(server: Server) -> None:
        await server.visitor()
        acceptor, tasks = await server.acceptor(), await server.child(TASK_SUPERVISOR)
        (task,) = await server.tasks()
        names = {acceptor: "acceptor", task: "task", tasks: "task supervisor"}
        for pid in names:
            monitor(pid)
        await Supervisor.stop(server.supervisor)

        downs = [await receive(beamish.Down, timeout=SOON) for _ in names]

        assert [names[down.pid] for down in downs] == ["acceptor", "task", "task supervisor"]
        assert [down.reason for down in downs] == ["shutdown"] * 3

    run_with_server(test)


def test_a_task_that_is_dead_before_it_is_given_its_client_does_not_end_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def the_client_has_quit(_socket: Socket) -> None:
        process.exit("shutdown")

    async def test(server: Server) -> None:
        acceptor = await server.acceptor()
        with monkeypatch.context() as patch:
            patch.setattr(many_clients, "serve", the_client_has_quit)
            for _ in range(5):  # one more than the supervisor would bear
                visitor = await Visitor.of(server.port)
                assert await visitor.hear() == b""

        assert await (await server.visitor()).echo(b"say you") == b"say you\r\n"
        assert await server.acceptor() == acceptor

    run_with_server(test)


# ---- the whole server, but for controlling_process


async def start_without_handing_over(port: int) -> Pid:
    async def accept() -> None:
        listener = gen_tcp.listen(port, packet="line", reuseaddr=True)
        many_clients.logger.info("Accepting connections on port %d", port)
        while True:
            client = await gen_tcp.accept(listener)
            await TaskSupervisor.start_child(TASK_SUPERVISOR, many_clients.serve, client)

    children = [
        TaskSupervisor.child_spec(name=TASK_SUPERVISOR),
        Task.child_spec(accept, restart="permanent"),
    ]
    return await Supervisor.start_link(children)


def test_k4_without_controlling_process_all_clients_go_with_the_acceptor() -> None:
    async def main() -> None:
        async with serving(start_without_handing_over) as server:
            visitors = [await server.visitor(), await server.visitor()]
            watching = [monitor(task) for task in await server.tasks()]
            process.exit(await server.acceptor(), "kill")

            assert [await visitor.hear() for visitor in visitors] == [b"", b""]
            assert all([isinstance(await reason_of(ref), ClosedError) for ref in watching])

    beamish.run(main)


def test_k5_without_controlling_process_the_clients_of_killed_tasks_wait_for_ever() -> None:
    async def main() -> None:
        async with serving(start_without_handing_over) as server:
            left_alone = await server.visitor()
            (task,) = await server.tasks()
            watching = monitor(task)
            process.exit(await server.child(TASK_SUPERVISOR), "kill")
            await reason_of(watching)

            await left_alone.say(b"hello?")
            other = await server.visitor()
            assert await other.echo(b"say you") == b"say you\r\n"
            assert left_alone.hears_nothing()

    beamish.run(main)
