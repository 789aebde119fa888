"""asyncio Tasks of a loop with a node: given a process of their own on first use."""

from __future__ import annotations

import asyncio
import gc
from contextvars import ContextVar
from typing import Any

import anyio
import pytest

import beamish
from beamish import Down, Exit, NoProcError, NotRunningError, Pid, process
from beamish.otp import GenServer, gen_server
from tests.citizenship.conftest import Run
from tests.citizenship.harness import LOOPS, PATIENCE, REASONS, SOON, Way

VARIABLE: ContextVar[str] = ContextVar("VARIABLE", default="unset")


async def echo() -> None:
    """Sends back what comes."""
    while True:
        sender, message = await process.receive()
        process.send(sender, message)


async def reason_of(ref: Any) -> Any:
    down = await process.receive((..., ref, ..., ..., ...), timeout=PATIENCE)
    return down[4]


async def end(pid: Pid) -> None:
    ref = process.monitor(pid)
    process.exit(pid, "kill")
    await reason_of(ref)


class Adopted:
    """A Task that takes part, watched by the one that started it."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.runs = False

    async def start(self, body: Any, *args: Any) -> None:
        """Returns when the body waits for the first time, or has ended."""

        async def run() -> Any:
            process.send(parent, process.self())
            await process.receive("start")
            self.runs = True
            return await body(self, *args)

        parent = process.self()
        self.task = asyncio.create_task(run())
        self.pid = await process.receive(Pid, timeout=PATIENCE)
        self.ref = process.monitor(self.pid)
        process.send(self.pid, "start")
        while not self.runs:
            await asyncio.sleep(0)

    async def reason(self) -> Any:
        return await reason_of(self.ref)


async def waits(adopted: Adopted) -> None:
    """Receives until it is ended; writes how that looked from inside."""
    try:
        await process.receive()
    except BaseException as error:
        adopted.log.append(type(error))
        raise


# ---- taking part


def test_task_sends_and_receives(embed: Run) -> None:
    async def main() -> str:
        pid = process.spawn(echo)
        process.send(pid, (process.self(), "hello"))
        answer: str = await process.receive(timeout=PATIENCE)
        await end(pid)
        return answer

    assert embed(main) == "hello"


def test_task_receives_selectively(embed: Run) -> None:
    async def main() -> tuple[Any, list[Any]]:
        for message in ("a", ("b", 1), "c", ("b", 2)):
            process.send(process.self(), message)
        second: Any = await process.receive(("b", 2))
        kind: Any = tuple  # a type that says nothing of its elements
        found = second, await process.receive(kind)
        return found, process.flush()

    assert embed(main) == ((("b", 2), ("b", 1)), ["a", "c"])


def test_task_waits_selectively(embed: Run) -> None:
    async def main() -> tuple[str, list[str]]:
        me = process.self()

        async def sender() -> None:
            for word in ("one", "two", "three"):
                process.send(me, word)

        process.spawn(sender)
        found: str = await process.receive("two", timeout=PATIENCE)
        await process.receive("three".__eq__, timeout=PATIENCE)
        return found, process.flush()

    assert embed(main) == ("two", ["one"])


def test_receive_of_a_task_times_out(embed: Run) -> None:
    async def main() -> list[str]:
        with pytest.raises(TimeoutError):
            await process.receive(timeout=0)
        with pytest.raises(TimeoutError):
            await process.receive(timeout=SOON)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await process.receive()
        process.send(process.self(), "late")
        return process.flush()

    assert embed(main) == ["late"]


def test_task_sleeps_as_a_process(embed: Run) -> None:
    async def main() -> list[str]:
        process.send(process.self(), "kept")
        await process.sleep(0)
        await process.sleep(SOON)
        return process.flush()

    assert embed(main) == ["kept"]


def test_task_offloads(embed: Run) -> None:
    async def main() -> int:
        return await process.offload(sum, (1, 2))

    assert embed(main) == 3


def test_task_calls_a_server(embed: Run) -> None:
    class Double(GenServer):
        def handle_call(self, request: int, caller: object) -> int:
            return 2 * request

    async def main() -> int:
        pid = await Double.start()
        answer: int = await gen_server.call(pid, 21)
        await gen_server.stop(pid)
        return answer

    assert embed(main) == 42


def test_task_starts_a_server_linked_to_itself(embed: Run) -> None:
    class Nothing(GenServer):
        pass

    async def main() -> bool:
        pid = await Nothing.start_link()
        linked = pid in process.info(process.self(), "links")
        await gen_server.stop(pid)
        return linked

    assert embed(main)


def test_each_task_is_a_process_of_its_own(embed: Run) -> None:
    async def main() -> bool:
        async def pid() -> Pid:
            return process.self()

        pids = await asyncio.gather(pid(), pid())
        return len({*pids, process.self()}) == 3

    assert embed(main)


def test_task_keeps_its_process(embed: Run) -> None:
    async def main() -> bool:
        before = process.self()
        await asyncio.sleep(0)
        return process.self() is before

    assert embed(main)


def test_current_task_stays_the_asyncio_task(embed: Run) -> None:
    async def main() -> bool:
        before = asyncio.current_task()
        process.self()
        return asyncio.current_task() is before and type(before) is asyncio.Task

    assert embed(main)


def test_child_inherits_variables_of_the_task_and_knows_its_parent(embed: Run) -> None:
    async def main() -> bool:
        async def child(parent: Pid) -> None:
            process.send(parent, (VARIABLE.get(), process.parent()))

        VARIABLE.set("the task's")
        process.spawn(child, process.self())
        return await process.receive(timeout=PATIENCE) == ("the task's", process.self())

    assert embed(main)


def test_task_may_register_a_name(embed: Run) -> None:
    async def main() -> tuple[Any, Any]:
        async def registered() -> None:
            process.register("task", process.self())

        task = asyncio.create_task(registered())
        await task
        process.register("main", process.self())
        process.send("main", "hello")
        message = await process.receive(timeout=0)
        process.unregister("main")
        await asyncio.sleep(0)
        return message, process.whereis("task")

    assert embed(main) == ("hello", None)


def test_task_has_a_process_dictionary_and_a_label(embed: Run) -> None:
    async def main() -> tuple[Any, Any]:
        process.put("key", "value")
        process.set_label("the task")
        return process.get("key"), process.label(process.self())

    assert embed(main) == ("value", "the task")


def test_timer_sends_to_a_task(embed: Run) -> None:
    async def main() -> str:
        process.send_after(SOON, process.self(), "tick")
        return await process.receive(timeout=PATIENCE)

    assert embed(main) == "tick"


# ---- links and monitors


def test_task_monitors_a_process(embed: Run) -> None:
    async def main() -> Any:
        _, ref = process.spawn_monitor(process.exit, "done")
        return await reason_of(ref)

    assert embed(main) == "done"


def test_task_that_traps_exits_gets_a_message(embed: Run) -> None:
    async def main() -> Any:
        process.flag(trap_exit=True)
        pid = process.spawn_link(process.exit, "done")
        return await process.receive(timeout=PATIENCE) == Exit(pid, "done")

    assert embed(main)


def test_link_to_a_dead_process_fails(embed: Run) -> None:
    async def main() -> None:
        pid, ref = process.spawn_monitor(lambda: None)
        await reason_of(ref)
        with pytest.raises(NoProcError):
            process.link(pid)

    embed(main)


def test_death_of_a_linked_process_cancels_the_task(embed: Run) -> None:
    async def main() -> tuple[Any, Any]:
        async def linked(adopted: Adopted) -> None:
            process.spawn_link(process.exit, "boom")
            await waits(adopted)

        adopted = Adopted()
        await adopted.start(linked)
        reason = await adopted.reason()
        assert adopted.task.cancelled()
        return reason, adopted.log

    assert embed(main) == ("boom", [asyncio.CancelledError])


def test_end_of_the_task_ends_what_is_linked_to_it(embed: Run) -> None:
    async def main() -> Any:
        async def linked(adopted: Adopted) -> None:
            pid = process.spawn_link(process.sleep, None)
            process.send(parent, ("child", pid))
            await process.receive("go on")
            raise ZeroDivisionError

        parent = process.self()
        adopted = Adopted()
        await adopted.start(linked)
        _, pid = await process.receive(("child", Pid), timeout=PATIENCE)
        ref = process.monitor(pid)
        process.send(adopted.pid, "go on")
        with pytest.raises(ZeroDivisionError):
            await adopted.task
        return type(await reason_of(ref)), type(await adopted.reason())

    assert embed(main) == (ZeroDivisionError, ZeroDivisionError)


# ---- the end of an adopted process


def test_adopted_process_ends_normally_with_its_task(embed: Run) -> None:
    async def main() -> tuple[Any, int, bool]:
        async def answers(adopted: Adopted) -> int:
            return 42

        adopted = Adopted()
        await adopted.start(answers)
        return await adopted.reason(), await adopted.task, process.alive(adopted.pid)

    assert embed(main) == ("normal", 42, False)


def test_exit_signal_cancels_the_task(embed: Run) -> None:
    async def main() -> tuple[Any, Any, bool]:
        adopted = Adopted()
        await adopted.start(waits)
        process.exit(adopted.pid, "boom")
        reason = await adopted.reason()
        return reason, adopted.log, adopted.task.cancelled()

    assert embed(main) == ("boom", [asyncio.CancelledError], True)


def test_each_way_to_end_it_gives_its_reason(embed: Run, way: Way) -> None:
    async def main() -> Any:
        adopted = Adopted()
        await adopted.start(waits)
        if way == "cancel":
            adopted.task.cancel()
        else:
            process.exit(adopted.pid, way)
        return await adopted.reason()

    assert embed(main) == REASONS[way]


def test_task_is_cancelled_wherever_it_waits(embed: Run) -> None:
    async def main() -> Any:
        async def sleeps(adopted: Adopted) -> None:
            await asyncio.sleep(60)

        adopted = Adopted()
        await adopted.start(sleeps)
        process.exit(adopted.pid, "boom")
        return await adopted.reason(), adopted.task.cancelled()

    assert embed(main) == ("boom", True)


def test_exit_signal_normal_leaves_the_task_alone(embed: Run) -> None:
    async def main() -> tuple[Any, Any]:
        async def answers(adopted: Adopted) -> str:
            return str(await process.receive())

        adopted = Adopted()
        await adopted.start(answers)
        process.exit(adopted.pid, "normal")
        process.send(adopted.pid, "still there")
        return await adopted.task, await adopted.reason()

    assert embed(main) == ("still there", "normal")


def test_task_that_traps_exits_is_not_cancelled(embed: Run) -> None:
    async def main() -> tuple[Any, Any]:
        async def traps(adopted: Adopted) -> Any:
            process.flag(trap_exit=True)
            message = await process.receive()
            assert isinstance(message, Exit)
            return message.reason

        adopted = Adopted()
        await adopted.start(traps)
        process.exit(adopted.pid, "boom")
        return await adopted.task, await adopted.reason()

    assert embed(main) == ("boom", "normal")


def test_kill_cancels_a_task_that_traps_exits(embed: Run) -> None:
    async def main() -> tuple[Any, bool]:
        async def traps(adopted: Adopted) -> None:
            process.flag(trap_exit=True)
            await waits(adopted)

        adopted = Adopted()
        await adopted.start(traps)
        process.exit(adopted.pid, "kill")
        return await adopted.reason(), adopted.task.cancelled()

    assert embed(main) == ("killed", True)


def test_what_a_task_owns_is_closed_at_its_end(embed: Run, way: Way) -> None:
    async def main() -> tuple[Any, list[Any]]:
        async def owns(adopted: Adopted) -> None:
            async def close(_: object) -> None:
                await asyncio.sleep(0)
                adopted.log.append("closed")

            process.own(adopted, close)
            await process.receive()

        adopted = Adopted()
        await adopted.start(owns)
        if way == "cancel":
            adopted.task.cancel()
        else:
            process.exit(adopted.pid, way)
        return await adopted.reason(), adopted.log

    assert embed(main) == (REASONS[way], ["closed"])


def test_exit_of_a_task_is_what_awaiting_it_raises(embed: Run) -> None:
    async def main() -> Any:
        async def leaves() -> None:
            process.exit("enough")

        with pytest.raises(beamish.ProcessExit) as caught:
            await asyncio.create_task(leaves())
        return caught.value.reason

    assert embed(main) == "enough"


def test_clean_up_of_a_cancelled_task_may_wait(embed: Run) -> None:
    async def main() -> tuple[Any, list[str]]:
        async def cleans_up(adopted: Adopted) -> None:
            try:
                await process.receive()
            finally:
                await asyncio.sleep(SOON)
                adopted.log.append("cleaned up")

        adopted = Adopted()
        await adopted.start(cleans_up)
        process.exit(adopted.pid, "boom")
        return await adopted.reason(), adopted.log

    assert embed(main) == ("boom", ["cleaned up"])


def test_task_that_is_to_end_takes_no_messages(embed: Run) -> None:
    async def main() -> tuple[Any, Any]:
        async def cleans_up(adopted: Adopted) -> None:
            try:
                await process.receive()
            finally:
                adopted.log.append(process.alive(process.self()))
                with pytest.raises(beamish.ProcessExit):
                    await process.receive()

        adopted = Adopted()
        await adopted.start(cleans_up)
        process.exit(adopted.pid, "boom")
        process.send(adopted.pid, "too late")
        return await adopted.reason(), adopted.log

    assert embed(main) == ("boom", [False])


def test_exit_of_ones_own_cancels_the_task_and_tells_the_reason(embed: Run) -> None:
    async def main() -> tuple[Any, bool]:
        async def leaves(adopted: Adopted) -> None:
            process.exit("enough")

        adopted = Adopted()
        await adopted.start(leaves)
        return await adopted.reason(), adopted.task.cancelled()

    assert embed(main) == ("enough", True)


def test_exit_signal_to_oneself_raises_at_once(embed: Run) -> None:
    async def main() -> Any:
        async def leaves(adopted: Adopted) -> None:
            process.exit(process.self(), "enough")
            raise AssertionError

        adopted = Adopted()
        await adopted.start(leaves)
        return await adopted.reason()

    assert embed(main) == "enough"


def test_exception_of_a_task_is_the_reason_and_is_told_to_who_awaits_it(embed: Run) -> None:
    async def main() -> bool:
        async def fails(adopted: Adopted) -> None:
            raise ZeroDivisionError

        adopted = Adopted()
        await adopted.start(fails)
        reason = await adopted.reason()
        with pytest.raises(ZeroDivisionError) as caught:
            await adopted.task
        return caught.value is reason

    assert embed(main)


def test_exception_that_nobody_asks_for_is_asyncios_to_report(embed: Run) -> None:
    async def main() -> list[str]:
        async def fails(adopted: Adopted) -> None:
            raise ZeroDivisionError

        messages: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: messages.append(context["message"])
        )
        adopted = Adopted()
        await adopted.start(fails)
        await adopted.reason()
        process.flush()
        process.send(process.self(), "another")
        await process.receive()  # the last message of a process is kept for crash reports
        del adopted
        while not messages:  # when the last reference to the Task is gone
            gc.collect()
            await asyncio.sleep(0)
        return messages

    assert embed(main) == ["Task exception was never retrieved"]


def test_task_that_swallows_its_cancellation_ends_with_the_reason_all_the_same(embed: Run) -> None:
    async def main() -> tuple[Any, str]:
        async def stubborn(adopted: Adopted) -> str:
            try:
                await process.receive()
            except asyncio.CancelledError:
                return "returned"
            return "?"

        adopted = Adopted()
        await adopted.start(stubborn)
        process.exit(adopted.pid, "boom")
        return await adopted.reason(), await adopted.task

    assert embed(main) == ("boom", "returned")


# ---- a message and a cancellation in the same turn


@pytest.mark.parametrize("first", ["message", "cancel"])
@pytest.mark.parametrize("pattern", ["any", "selective", "predicate"])
def test_message_is_not_lost_when_its_receive_is_cancelled(
    embed: Run, first: str, pattern: str
) -> None:
    async def main() -> tuple[int, Any]:
        patterns: dict[str, tuple[Any, ...]] = {
            "any": (),
            "selective": ("wanted",),
            "predicate": ("wanted".__eq__,),
        }

        async def catches(adopted: Adopted) -> list[Any]:
            cancelled = 0
            try:
                adopted.log.append(await process.receive(*patterns[pattern], timeout=60))
            except asyncio.CancelledError:
                cancelled = 1
                adopted.log += [await process.receive(timeout=PATIENCE)]
            return [cancelled, process.flush()]

        adopted = Adopted()
        await adopted.start(catches)
        await asyncio.sleep(0)
        for step in ("message", "cancel") if first == "message" else ("cancel", "message"):
            if step == "message":
                process.send(adopted.pid, "wanted")
            else:
                adopted.task.cancel()
        cancelled, left = await adopted.task
        await adopted.reason()
        assert adopted.log == ["wanted"]
        return cancelled, left

    assert embed(main) == (1, [])


@pytest.mark.parametrize("first", ["message", "cancel"])
def test_message_from_a_process_is_not_lost_when_its_receive_is_cancelled(
    embed: Run, first: str
) -> None:
    """Both come in one slice of a process, before the Task or the loop have a turn."""

    async def main() -> list[Any]:
        async def catches(adopted: Adopted) -> None:
            try:
                adopted.log.append(await process.receive())
            except asyncio.CancelledError:
                adopted.log.append("cancelled")
                adopted.log.append(await process.receive(timeout=PATIENCE))

        async def both() -> None:
            if first == "cancel":
                adopted.task.cancel()
            process.send(adopted.pid, "message")
            if first == "message":
                adopted.task.cancel()

        adopted = Adopted()
        await adopted.start(catches)
        await asyncio.sleep(0)
        process.spawn(both)
        await adopted.task
        await adopted.reason()
        return adopted.log

    assert embed(main) == ["cancelled", "message"]


def test_message_and_exit_signal_in_one_turn_end_the_task(embed: Run) -> None:
    async def main() -> Any:
        adopted = Adopted()
        await adopted.start(waits)
        await asyncio.sleep(0)
        process.send(adopted.pid, "message")
        process.exit(adopted.pid, "boom")
        return await adopted.reason()

    assert embed(main) == "boom"


def test_time_out_and_cancellation_in_one_turn_leave_no_word_in_the_mailbox(embed: Run) -> None:
    async def main() -> list[Any]:
        async def catches(adopted: Adopted) -> list[Any]:
            try:
                await process.receive(timeout=SOON)
            except (TimeoutError, asyncio.CancelledError):
                pass
            process.send(process.self(), "next")
            return [await process.receive(timeout=PATIENCE), process.flush()]

        adopted = Adopted()
        await adopted.start(catches)
        until = asyncio.get_running_loop().time() + SOON
        while asyncio.get_running_loop().time() < until + SOON:
            pass  # the time-out is due; it and the cancellation come in the same round
        asyncio.get_running_loop().call_soon(adopted.task.cancel)
        found = await adopted.task
        await adopted.reason()
        return found

    assert embed(main) == ["next", []]


# ---- the node


def test_task_of_a_closed_node_is_told_that_no_node_runs(loop_name: str) -> None:
    async def main() -> None:
        async with beamish.node():
            process.self()
        with pytest.raises(NotRunningError, match="no node is running"):
            process.self()

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        runner.run(main())


def test_task_that_receives_while_its_node_ends_is_told_so(loop_name: str) -> None:
    async def main() -> None:
        async with beamish.node():
            task: asyncio.Future[Any] = asyncio.ensure_future(process.receive())
            await asyncio.sleep(0)
        with pytest.raises(NotRunningError, match="has ended"):
            await asyncio.wait_for(task, PATIENCE)

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        runner.run(main())


def test_end_of_the_node_does_not_end_its_tasks(loop_name: str) -> None:
    async def main() -> str:
        async def outlives() -> str:
            process.self()
            await event.wait()
            return "finished"

        event = asyncio.Event()
        async with beamish.node():
            task = asyncio.create_task(outlives())
            await asyncio.sleep(0)
        event.set()
        return await task

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        assert runner.run(main()) == "finished"


def test_second_node_in_the_same_loop_starts_on_clean_ground(loop_name: str) -> None:
    async def main() -> tuple[bool, list[str]]:
        async with beamish.node():
            first = process.self()
            process.send(first, "left")
        async with beamish.node():
            return process.self() is first, process.flush()

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        assert runner.run(main()) == (False, [])


def test_second_node_preempts_after_the_first_has_been_idle(loop_name: str) -> None:
    """Nothing of the first node's may turn off the timer of the second."""

    async def main() -> Any:
        async def hog() -> None:
            while True:
                pass

        async with beamish.node():
            await end(process.spawn(echo))
        async with beamish.node():
            pid, ref = process.spawn_monitor(hog)
            await asyncio.sleep(0.1)  # longer than the first node waited for being idle
            process.exit(pid, "kill")
            return await reason_of(ref)

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        assert runner.run(main()) == "killed"


@pytest.mark.parametrize("use_uvloop", [False, True])
def test_node_runs_in_a_loop_that_anyio_has_started(use_uvloop: bool) -> None:
    async def main() -> str:
        async with beamish.node():
            pid = process.spawn(echo)
            process.send(pid, (process.self(), "hello"))
            return str(await process.receive(timeout=PATIENCE))

    assert anyio.run(main, backend_options={"use_uvloop": use_uvloop}) == "hello"


def test_exception_in_the_block_of_a_node_ends_the_node(loop_name: str) -> None:
    async def main() -> None:
        log: list[str] = []

        async def child() -> None:
            try:
                await process.receive()
            finally:
                log.append("ended")

        with pytest.raises(ZeroDivisionError):
            async with beamish.node():
                process.spawn(child)
                await asyncio.sleep(0)
                raise ZeroDivisionError
        assert log == ["ended"]

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        runner.run(main())


def test_cancellation_of_the_block_of_a_node_ends_the_node(loop_name: str) -> None:
    async def main() -> list[str]:
        log: list[str] = []

        async def child() -> None:
            try:
                await process.receive()
            finally:
                log.append("ended")

        async def host() -> None:
            async with beamish.node():
                process.spawn(child)
                await process.receive()

        task = asyncio.create_task(host())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return log

    with asyncio.Runner(loop_factory=LOOPS[loop_name]) as runner:
        assert runner.run(main()) == ["ended"]


def test_adopted_task_is_seen_by_info_and_list(embed: Run) -> None:
    async def main() -> tuple[bool, bool]:
        me = process.self()
        info = process.info(me)
        assert info is not None
        return me in process.list(), str(info["initial_call"]).startswith("asyncio.Task")

    assert embed(main) == (True, True)


def test_process_ends_by_down_of_a_task(embed: Run) -> None:
    """A process watches a Task as it watches any other."""

    async def main() -> Any:
        async def watcher(pid: Pid, parent: Pid) -> None:
            ref = process.monitor(pid)
            process.send(parent, "watching")
            down = await process.receive(Down)
            assert down.ref is ref
            process.send(parent, ("saw", down.reason))

        adopted = Adopted()
        await adopted.start(waits)
        process.spawn(watcher, adopted.pid, process.self())
        await process.receive("watching", timeout=PATIENCE)
        process.exit(adopted.pid, "boom")
        _, reason = await process.receive(("saw", ...), timeout=PATIENCE)
        await adopted.reason()
        return reason

    assert embed(main) == "boom"
