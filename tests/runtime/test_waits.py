"""Rule B4: whoever waits for a lock lets the others run, and whoever waits for a file does not."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from beamish import process
from beamish.runtime.instruction import is_at_a_file

from .harness import PATIENCE, on_real_clock

pytestmark = pytest.mark.slow  # the watchdog looks after a tenth of a second

_FORK = multiprocessing.get_context("fork")

# A wait, and what ends it.
Case = tuple[Callable[[], object], Callable[[], object]]


def _lock() -> Case:
    lock = threading.Lock()
    lock.acquire()
    return lock.acquire, lock.release


def _acquire() -> Case:
    lock = threading.Lock()
    lock.acquire()
    return lambda: lock.acquire(), lock.release


def _acquire_with_a_timeout() -> Case:
    lock = threading.Lock()
    lock.acquire()
    return lambda: lock.acquire(timeout=PATIENCE), lock.release


def _with_statement() -> Case:
    lock = threading.Lock()
    lock.acquire()

    def wait() -> None:
        with lock:
            pass

    return wait, lock.release


class _Owner:
    def __init__(self, lock: Any) -> None:
        self.lock = lock

    def wait(self) -> None:
        with self.lock:
            pass


def _with_statement_on_an_attribute() -> Case:
    lock = threading.Lock()
    lock.acquire()
    return _Owner(lock).wait, lock.release


def _semaphore() -> Case:
    semaphore = threading.Semaphore(0)
    return semaphore.acquire, semaphore.release


def _bounded_semaphore() -> Case:
    semaphore = threading.BoundedSemaphore(1)
    semaphore.acquire()
    return _Owner(semaphore).wait, semaphore.release


def _event() -> Case:
    event = threading.Event()
    return event.wait, event.set


def _condition(condition: threading.Condition) -> Case:
    def wait() -> None:
        with condition:
            condition.wait()

    def notify() -> None:
        with condition:
            condition.notify()

    return wait, notify


def _condition_over_an_rlock() -> Case:
    return _condition(threading.Condition())


def _condition_over_a_lock() -> Case:
    return _condition(threading.Condition(threading.Lock()))


def _condition_for_a_predicate() -> Case:
    condition = threading.Condition()
    ready: list[bool] = []

    def wait() -> None:
        with condition, condition:
            condition.wait_for(lambda: ready)

    def notify() -> None:
        with condition:
            ready.append(True)
            condition.notify_all()

    return wait, notify


def _barrier() -> Case:
    barrier = threading.Barrier(2)
    return barrier.wait, barrier.wait


def _queue_get() -> Case:
    items: queue.Queue[int] = queue.Queue()
    return items.get, lambda: items.put(1)


def _queue_put() -> Case:
    items: queue.PriorityQueue[int] = queue.PriorityQueue(maxsize=1)
    items.put(1)
    return lambda: items.put(2), items.get


def _queue_join() -> Case:
    items: queue.Queue[int] = queue.Queue()
    items.put(1)
    return items.join, items.task_done


def _result_of_a_future() -> Case:
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    return future.result, lambda: future.set_result(1)


def _one_of_two_futures() -> Case:
    futures: list[concurrent.futures.Future[int]] = [concurrent.futures.Future() for _ in "12"]
    first = concurrent.futures.FIRST_COMPLETED
    return lambda: concurrent.futures.wait(futures, return_when=first), lambda: futures[
        0
    ].set_result(1)


def _thread_that_waits() -> Case:
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    return thread.join, event.set


def _lock_of_multiprocessing() -> Case:
    lock = _FORK.Lock()
    lock.acquire()
    return _Owner(lock).wait, lock.release


def _condition_of_multiprocessing() -> Case:
    return _condition(_FORK.Condition())  # type: ignore[arg-type]


_WAITS = [
    *(_lock, _acquire, _acquire_with_a_timeout, _with_statement, _with_statement_on_an_attribute),
    *(_semaphore, _bounded_semaphore, _event, _condition_over_an_rlock, _condition_over_a_lock),
    *(_condition_for_a_predicate, _barrier, _queue_get, _queue_put, _queue_join),
    *(_result_of_a_future, _one_of_two_futures, _thread_that_waits, _lock_of_multiprocessing),
    _condition_of_multiprocessing,
]


async def _other_runs(wait: Callable[[], object], end: Callable[[], object]) -> list[str]:
    """Two processes: one waits, and what the other does would end that."""
    order: list[str] = []

    def waiter() -> None:
        order.append("waits")
        wait()
        order.append("goes on")

    def other() -> None:
        order.append("ends it")
        end()

    watched = [process.spawn_monitor(fn) for fn in (waiter, other)]
    for _, ref in watched:
        await process.receive(("DOWN", ref, ..., ..., "normal"), timeout=PATIENCE)
    return order


@pytest.mark.parametrize("case", _WAITS, ids=lambda case: case.__name__.strip("_"))
@on_real_clock
async def test_b4_whoever_waits_as_threads_do_lets_the_others_run(
    case: Callable[[], Case],
) -> None:
    assert await _other_runs(*case()) == ["waits", "ends it", "goes on"]


@on_real_clock
async def test_b4_a_timer_ends_the_wait_for_an_event() -> None:
    """Nobody else runs, and nobody is parked."""
    event = threading.Event()

    async def opener() -> None:
        await process.sleep(0.01)
        event.set()

    process.spawn(opener)
    await process.sleep(0)
    _, ref = process.spawn_monitor(event.wait)

    await process.receive(("DOWN", ref, ..., ..., "normal"), timeout=PATIENCE)


@on_real_clock
async def test_b4_whoever_waits_for_a_lock_can_be_killed() -> None:
    lock, steps = threading.Lock(), list[str]()
    lock.acquire()

    def waiter() -> None:
        steps.append("waits")
        try:
            with lock:
                steps.append("inside")
        finally:
            steps.append("finally")

    pid, ref = process.spawn_monitor(waiter)
    while not steps:
        await process.sleep(0)
    process.exit(pid, "kill")

    assert (await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE))[4] == "killed"
    assert steps == ["waits", "finally"]


# ---- what is not left


def _later(fn: Callable[[], object]) -> threading.Thread:
    """Does something from a thread, after some looks of the watchdog's."""

    def run() -> None:
        time.sleep(0.3)
        fn()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def _read(pipe: tuple[int, int]) -> None:
    os.read(pipe[0], 1)


def _read_buffered(pipe: tuple[int, int]) -> None:
    with open(pipe[0], "rb", closefd=False) as file:
        file.read(1)


def _read_lines(pipe: tuple[int, int]) -> None:
    with open(pipe[0], closefd=False) as file:
        for _ in file:
            break


def _receive(pipe: tuple[int, int]) -> None:
    receiver, sender = socket.socketpair()
    thread = _later(lambda: sender.send(b"x"))
    with receiver, sender:
        receiver.recv(1)
        thread.join()


def _sleep(pipe: tuple[int, int]) -> None:
    time.sleep(0.3)


@pytest.mark.parametrize("wait", [_read, _read_buffered, _read_lines, _receive, _sleep])
@on_real_clock
async def test_b4_whoever_waits_for_something_else_is_not_left(
    wait: Callable[[tuple[int, int]], None],
) -> None:
    """Though there is a parked process, which may hold a lock."""
    pipe = os.pipe()
    stop: list[bool] = []
    order: list[str] = []

    def hog() -> None:
        while not stop:
            pass
        order.append("others")

    def waiter() -> None:
        stop.append(True)
        wait(pipe)
        order.append("waiter")

    process.spawn(hog)
    await process.sleep(0.05)
    thread = _later(lambda: os.write(pipe[1], b"line\n"))
    _, ref = process.spawn_monitor(waiter)
    await process.receive(("DOWN", ref, ..., ..., "normal"), timeout=PATIENCE)
    thread.join()
    for number in pipe:
        os.close(number)

    assert order[0] == "waiter"


# ---- what a file is


class _Asks:
    """Has the methods of a file, and notes whether its caller counts as in a file."""

    def __init__(self) -> None:
        self.answers: list[bool] = []

    def write(self, *_: object) -> None:
        self.answers.append(is_at_a_file(sys._getframe(1)))

    __call__ = acquire = write


def _of_an_element(asks: _Asks) -> None:
    [asks][0].write("text")


def _of_a_call(asks: _Asks) -> None:
    (lambda: asks)().write("text")


def _of_an_object_that_is_no_file(asks: _Asks) -> None:
    asks.write("text")


def _of_a_function(asks: _Asks) -> None:
    asks("text")


def _of_another_method(asks: _Asks) -> None:
    [asks][0].acquire()


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (_of_an_element, True),
        (_of_a_call, True),
        (_of_an_object_that_is_no_file, False),
        (_of_a_function, False),
        (_of_another_method, False),
    ],
)
def test_b4_what_the_code_does_not_name_is_a_file_by_the_name_of_its_method(
    call: Callable[[_Asks], None], answer: bool
) -> None:
    asks = _Asks()

    call(asks)

    assert asks.answers == [answer]
