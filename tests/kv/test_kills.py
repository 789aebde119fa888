"""Whatever is killed in the tree of processes, a server is left that serves again by itself.

The scenarios k3, k5, k6 and k8 are those of tests/examples/test_echo_server.py.
"""

from __future__ import annotations

import logging
import random

import pytest

import beamish
from beamish import CallError, Down, ProcessExit, process
from beamish.otp import DynamicSupervisor, Supervisor, TaskSupervisor, application
from beamish.otp.errors import StartError
from examples.kv.__main__ import main
from examples.kv.apps import kv as buckets
from examples.kv.apps.kv.bucket import SUPERVISOR as BUCKET_SUPERVISOR
from examples.kv.apps.kv_server.command import NotFoundError, run
from examples.kv.apps.kv_server.server import TASK_SUPERVISOR
from examples.kv.apps.kv_server.supervisor import KVServerSupervisor
from tests.kv.tree import PARENTS, WAYS, Tree, Way, kill, log_records, pid_of, tree
from tests.runtime.harness import PATIENCE, on_real_clock

MEMBERS = (*PARENTS, "a bucket", "a connection")


@pytest.mark.parametrize(
    ("member", "way"),
    [*((member, "server") for member in MEMBERS), ("KV.Names", "names"), ("a bucket", "names")],
)
@on_real_clock
async def test_the_server_serves_again_when_one_is_killed(member: str, way: Way) -> None:
    async with tree(way) as kv, await kv.connect() as client:
        assert await client.ask("CREATE shopping") == "OK\r\n"

        await kill(member)

        assert await kv.serves()


@pytest.mark.slow  # 40 kills, with a client after each
@pytest.mark.parametrize("seed", range(3))
@on_real_clock
async def test_the_server_serves_again_whatever_is_killed_in_any_order(seed: int) -> None:
    chance = random.Random(seed)
    async with tree() as kv:
        for _ in range(40):
            async with await kv.connect() as client:
                await client.ask("CREATE shopping")
                for member in chance.sample(MEMBERS, 2):
                    await kill_if_there(member)

            await serves_again(kv)


async def kill_if_there(member: str) -> None:
    """Kills a member, unless the death of another has taken it along."""
    try:
        await kill(member)
    except (IndexError, CallError, StartError) as gone:
        if not process.alive(process.self()):
            raise
        logging.getLogger("test").info("%s was not there: %r", member, gone)


async def serves_again(kv: Tree) -> None:
    """Waits until a client is served."""
    while not await kv.serves():
        await process.sleep(0)


@pytest.mark.parametrize(("top", "app"), [("KV", "kv"), ("KVServer", "kv_server")])
def test_the_program_ends_when_the_top_of_an_application_is_killed(
    monkeypatch: pytest.MonkeyPatch, top: str, app: str
) -> None:
    monkeypatch.setenv("PORT", "0")

    async def program() -> None:
        process.spawn(kill_the_top)
        await main()

    async def kill_the_top() -> None:
        while len(application.which_applications()) < 2:
            await process.sleep(0)
        pid = process.whereis(top)
        assert pid is not None
        process.exit(pid, "kill")

    with pytest.raises(ProcessExit) as ended:
        beamish.run(program)

    assert ended.value.reason == ("application_terminated", app, "killed")


@on_real_clock
async def test_k3_connections_outlive_the_acceptor() -> None:
    async with tree() as kv, await kv.connect() as client:
        await client.ask("CREATE shopping")

        await kill("KVServer.Acceptor")

        assert await client.ask("GET shopping milk", 2) == "\r\nOK\r\n"
        assert await kv.serves()


@on_real_clock
async def test_k5_the_death_of_the_task_supervisor_ends_its_connections_only() -> None:
    async with tree() as kv, await kv.connect() as client:
        await client.ask("CREATE shopping")
        acceptor = await pid_of("KVServer.Acceptor")

        await kill("KVServer.TaskSupervisor")

        assert await client.ask("GET shopping milk", 2) == ""
        assert await pid_of("KVServer.Acceptor") is acceptor
        assert await kv.serves()


@on_real_clock
async def test_the_death_of_one_connection_is_not_felt_by_another() -> None:
    async with tree() as kv, await kv.connect() as first:
        await first.ask("HELLO")
        [connection] = await TaskSupervisor.children(TASK_SUPERVISOR)
        async with await kv.connect() as second:
            await second.ask("CREATE shopping")

            ended = process.monitor(connection)
            process.exit(connection, "kill")
            await process.receive(("DOWN", ended, ..., ..., ...), timeout=PATIENCE)

            assert await first.ask("HELLO") == ""
            assert await second.ask("GET shopping milk", 2) == "\r\nOK\r\n"


@pytest.mark.parametrize("way", WAYS)
@on_real_clock
async def test_a_bucket_that_dies_is_forgotten_and_can_be_created_again(way: Way) -> None:
    async with tree(way) as kv, await kv.connect() as client:
        await client.ask("CREATE shopping")
        await client.ask("PUT shopping milk 1")

        await kill("a bucket")

        assert await client.ask("GET shopping milk") == "NOT FOUND\r\n"
        assert await client.ask("CREATE shopping") == "OK\r\n"
        assert await client.ask("GET shopping milk", 2) == "\r\nOK\r\n"


@on_real_clock
async def test_a_bucket_that_dies_while_it_is_asked_is_not_found() -> None:
    async with tree():
        bucket = await buckets.create("shopping")
        asker, ref = process.spawn_monitor(run, ("get", "shopping", "milk"))
        process.exit(asker, "normal")  # nothing; but both are told in this order
        process.exit(bucket, "kill")

        down = await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)

        assert isinstance(down.reason, NotFoundError)


@on_real_clock
async def test_no_bucket_is_left_behind_when_the_registry_dies() -> None:
    async with tree() as kv, await kv.connect() as client:
        await client.ask("CREATE shopping")
        bucket = await pid_of("a bucket")

        await kill("KV.Registry")

        assert not process.alive(bucket)
        assert (await DynamicSupervisor.count_children(BUCKET_SUPERVISOR))["active"] == 0
        assert await client.ask("GET shopping milk") == "NOT FOUND\r\n"


@on_real_clock
async def test_the_registry_outlives_the_supervisor_of_the_buckets_and_forgets_them() -> None:
    async with tree() as kv, await kv.connect() as client:
        await client.ask("CREATE shopping")
        registry = await pid_of("KV.Registry")

        await kill("KV.BucketSupervisor")

        assert await pid_of("KV.Registry") is registry
        assert await client.ask("GET shopping milk") == "NOT FOUND\r\n"
        assert await client.ask("CREATE shopping") == "OK\r\n"


@pytest.mark.slow  # a thousand
@on_real_clock
async def test_k6_the_port_is_free_for_each_of_a_thousand_new_acceptors() -> None:
    with log_records() as records:
        async with tree() as kv, await kv.connect() as client:
            await client.ask("CREATE shopping")
            children = KVServerSupervisor().init("127.0.0.1", kv.port)
            await Supervisor.terminate_child("KVServer", "KVServer.Supervisor")
            await Supervisor.start_link(
                children, max_restarts=1000, max_seconds=1000, name="KVServer.Supervisor"
            )

            for _ in range(1000):
                await kill("KVServer.Acceptor")
            assert await kv.serves()

    accepting = [record for record in records if record.name == "kv.server"]
    assert len(accepting) == 1002
    assert {record.levelname for record in accepting} == {"INFO"}


@on_real_clock
async def test_k8_the_acceptor_is_the_first_to_stop() -> None:
    async with tree() as kv, await kv.connect() as client:
        await client.ask("CREATE shopping")
        names = {process.monitor(await pid_of(member)): member for member in MEMBERS}

        await application.stop("kv_server")
        await application.stop("kv")

        downs = [await process.receive(Down, timeout=PATIENCE) for _ in names]

    assert [names[down.ref] for down in downs] == [
        "KVServer.Acceptor",
        "a connection",
        "KVServer.TaskSupervisor",
        "KVServer.Supervisor",
        "KV.Subscribers",
        "a bucket",
        "KV.BucketSupervisor",
        "KV.Registry",
        "KV.Supervisor",
    ]
    assert {down.reason for down in downs} == {"shutdown"}


@on_real_clock
async def test_a_client_that_goes_is_not_logged() -> None:
    async with tree() as kv:
        with log_records() as records:
            async with await kv.connect() as client:
                await client.ask("HELLO")
                [connection] = await TaskSupervisor.children(TASK_SUPERVISOR)
                ref = process.monitor(connection)
            down = await process.receive(("DOWN", ref, ..., ..., ...), timeout=PATIENCE)

    assert down.reason == "shutdown"
    # That it accepts may come before or after the first client.
    assert [record for record in records if record.name != "kv.server"] == []
