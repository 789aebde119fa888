"""How a call exits that fails, of every function that asks a process: as on Erlang and Elixir.

Each line of the table is a call on Erlang or Elixir, the same here, and what both exit with, as
Erlang writes it: seconds as milliseconds, None as ``infinity``, arguments as a list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from beamish import process
from beamish.otp import (
    Agent,
    GenEventHandler,
    GenServer,
    PartitionSupervisor,
    Supervisor,
    Task,
    gen_event,
    gen_server,
    gen_statem,
    pg,
    proc_lib,
    sys,
)
from beamish.terms import Pid

__all__ = ["ELIXIR", "ERLANG", "Asked", "Line"]


@dataclass(frozen=True)
class Asked:
    """Who is asked: the caller itself, and a process that never replies."""

    me: Pid
    silent: Pid


@dataclass(frozen=True)
class Line:
    """A call that fails.

    Attributes:
        theirs: on Erlang, or on Elixir. `Me` and `Silent` are processes.
        ours: the same here.
        reason: what it exits with. `Hidden` stands for an argument that differs.
    """

    theirs: str
    ours: Callable[[Asked], Any]
    reason: str

    @property
    def hidden(self) -> int | None:
        """The place of the argument that differs."""
        args = self.reason.partition("[")[2].split(",")
        return args.index("Hidden") if "Hidden" in args else None


class H(GenEventHandler):
    """A handler of events, `h` on Erlang."""


def f(state: Any) -> Any:
    """A function of a state, `F` on Erlang."""
    return state


ERLANG: list[Line] = [
    # gen_server: the time-out that was given
    Line(
        "gen_server:call(nobody, x)",
        lambda _: gen_server.call("nobody", "x"),
        "{noproc,{gen_server,call,[nobody,x]}}",
    ),
    Line(
        "gen_server:call(nobody, x, 100)",
        lambda _: gen_server.call("nobody", "x", 0.1),
        "{noproc,{gen_server,call,[nobody,x,100]}}",
    ),
    Line(
        "gen_server:call(nobody, x, 5000)",
        lambda _: gen_server.call("nobody", "x", 5.0),
        "{noproc,{gen_server,call,[nobody,x,5000]}}",
    ),
    Line(
        "gen_server:call(nobody, x, infinity)",
        lambda _: gen_server.call("nobody", "x", None),
        "{noproc,{gen_server,call,[nobody,x,infinity]}}",
    ),
    Line(
        "gen_server:call(Silent, x, 10)",
        lambda to: gen_server.call(to.silent, "x", timeout=0.01),
        "{timeout,{gen_server,call,[Silent,x,10]}}",
    ),
    Line(
        "gen_server:call(Me, x)",
        lambda to: gen_server.call(to.me, "x"),
        "{calling_self,{gen_server,call,[Me,x]}}",
    ),
    Line(
        "gen_server:call(Me, x, 10)",
        lambda to: gen_server.call(to.me, "x", 0.01),
        "{calling_self,{gen_server,call,[Me,x,10]}}",
    ),
    Line(
        "gen_server:call({nobody, a@b}, x)",
        lambda _: gen_server.call(("nobody", "a@b"), "x"),
        "{{nodedown,a@b},{gen_server,call,[{nobody,a@b},x]}}",
    ),
    Line(
        "gen_server:call({global, nobody}, x)",
        lambda _: gen_server.call(("global", "nobody"), "x"),
        "{noproc,{gen_server,call,[{global,nobody},x]}}",
    ),
    # gen_statem: always the time-out
    Line(
        "gen_statem:call(nobody, x)",
        lambda _: gen_statem.call("nobody", "x"),
        "{noproc,{gen_statem,call,[nobody,x,infinity]}}",
    ),
    Line(
        "gen_statem:call(nobody, x, 100)",
        lambda _: gen_statem.call("nobody", "x", 0.1),
        "{noproc,{gen_statem,call,[nobody,x,100]}}",
    ),
    Line(
        "gen_statem:call(Silent, x, 10)",
        lambda to: gen_statem.call(to.silent, "x", 0.01),
        "{timeout,{gen_statem,call,[Silent,x,10]}}",
    ),
    Line(
        "gen_statem:call(Silent, x, {clean_timeout, 10})",
        lambda to: gen_statem.call(to.silent, "x", ("clean_timeout", 0.01)),
        "{timeout,{gen_statem,call,[Silent,x,{clean_timeout,10}]}}",
    ),
    Line(
        "gen_statem:call(Silent, x, {dirty_timeout, 10})",
        lambda to: gen_statem.call(to.silent, "x", ("dirty_timeout", 0.01)),
        "{timeout,{gen_statem,call,[Silent,x,{dirty_timeout,10}]}}",
    ),
    Line(
        "gen_statem:call(Me, x)",
        lambda to: gen_statem.call(to.me, "x"),
        "{calling_self,{gen_statem,call,[Me,x,infinity]}}",
    ),
    Line(
        "gen_statem:call({nobody, a@b}, x)",
        lambda _: gen_statem.call(("nobody", "a@b"), "x"),
        "{{nodedown,a@b},{gen_statem,call,[{nobody,a@b},x,infinity]}}",
    ),
    # gen_event: only call says which call it was
    Line(
        "gen_event:call(nobody, h, x)",
        lambda _: gen_event.call("nobody", H, "x"),
        "{noproc,{gen_event,call,[nobody,h,x]}}",
    ),
    Line(
        "gen_event:call(nobody, h, x, 100)",
        lambda _: gen_event.call("nobody", H, "x", 0.1),
        "{noproc,{gen_event,call,[nobody,h,x,100]}}",
    ),
    Line(
        "gen_event:call(Silent, h, x, 10)",
        lambda to: gen_event.call(to.silent, H, "x", 0.01),
        "{timeout,{gen_event,call,[Silent,h,x,10]}}",
    ),
    Line(
        "gen_event:call(Me, h, x)",
        lambda to: gen_event.call(to.me, H, "x"),
        "{calling_self,{gen_event,call,[Me,h,x]}}",
    ),
    Line(
        "gen_event:call({nobody, a@b}, h, x)",
        lambda _: gen_event.call(("nobody", "a@b"), H, "x"),
        "{{nodedown,a@b},{gen_event,call,[{nobody,a@b},h,x]}}",
    ),
    Line(
        "gen_event:which_handlers(nobody)", lambda _: gen_event.which_handlers("nobody"), "noproc"
    ),
    Line(
        "gen_event:which_handlers(Me)", lambda to: gen_event.which_handlers(to.me), "calling_self"
    ),
    Line(
        "gen_event:which_handlers({nobody, a@b})",
        lambda _: gen_event.which_handlers(("nobody", "a@b")),
        "{nodedown,a@b}",
    ),
    Line(
        "gen_event:sync_notify(nobody, x)", lambda _: gen_event.sync_notify("nobody", "x"), "noproc"
    ),
    Line(
        "gen_event:add_handler(nobody, h, [])",
        lambda _: gen_event.add_handler("nobody", H),
        "noproc",
    ),
    Line(
        "gen_event:add_sup_handler(nobody, h, [])",
        lambda _: gen_event.add_sup_handler("nobody", H),
        "noproc",
    ),
    Line(
        "gen_event:delete_handler(nobody, h, [])",
        lambda _: gen_event.delete_handler("nobody", H),
        "noproc",
    ),
    Line(
        "gen_event:swap_handler(nobody, {h, []}, {h, []})",
        lambda _: gen_event.swap_handler("nobody", (H, None), (H, None)),
        "noproc",
    ),
    Line(
        "gen_event:swap_sup_handler(nobody, {h, []}, {h, []})",
        lambda _: gen_event.swap_sup_handler("nobody", (H, None), (H, None)),
        "noproc",
    ),
    # sys: the function, and the time-out that was given
    Line(
        "sys:get_state(nobody)",
        lambda _: sys.get_state("nobody"),
        "{noproc,{sys,get_state,[nobody]}}",
    ),
    Line(
        "sys:get_state(nobody, 100)",
        lambda _: sys.get_state("nobody", 0.1),
        "{noproc,{sys,get_state,[nobody,100]}}",
    ),
    Line(
        "sys:get_state(Silent, 10)",
        lambda to: sys.get_state(to.silent, 0.01),
        "{timeout,{sys,get_state,[Silent,10]}}",
    ),
    Line(
        "sys:get_state(Me)",
        lambda to: sys.get_state(to.me),
        "{calling_self,{sys,get_state,[Me]}}",
    ),
    Line(
        "sys:get_state({nobody, a@b})",
        lambda _: sys.get_state(("nobody", "a@b")),
        "{{nodedown,a@b},{sys,get_state,[{nobody,a@b}]}}",
    ),
    Line(
        "sys:get_status(nobody, infinity)",
        lambda _: sys.get_status("nobody", None),
        "{noproc,{sys,get_status,[nobody,infinity]}}",
    ),
    Line(
        "sys:replace_state(nobody, F)",
        lambda _: sys.replace_state("nobody", f),
        "{noproc,{sys,{replace_state,F},[nobody]}}",
    ),
    Line(
        "sys:replace_state(nobody, F, 100)",
        lambda _: sys.replace_state("nobody", f, 0.1),
        "{noproc,{sys,{replace_state,F},[nobody,100]}}",
    ),
    Line("sys:suspend(nobody)", lambda _: sys.suspend("nobody"), "{noproc,{sys,suspend,[nobody]}}"),
    Line(
        "sys:resume(nobody, 100)",
        lambda _: sys.resume("nobody", 0.1),
        "{noproc,{sys,resume,[nobody,100]}}",
    ),
    Line(
        "sys:terminate(nobody, normal)",
        lambda _: sys.terminate("nobody", "normal"),
        "{noproc,{sys,terminate,[nobody,normal]}}",
    ),
    Line(
        "sys:terminate(nobody, normal, 100)",
        lambda _: sys.terminate("nobody", "normal", 0.1),
        "{noproc,{sys,terminate,[nobody,normal,100]}}",
    ),
    Line(
        "sys:change_code(nobody, m, v, e)",
        lambda _: sys.change_code("nobody", "m", "v", "e"),
        "{noproc,{sys,change_code,[nobody,m,v,e]}}",
    ),
    Line(
        "sys:change_code(nobody, m, v, e, 100)",
        lambda _: sys.change_code("nobody", "m", "v", "e", 0.1),
        "{noproc,{sys,change_code,[nobody,m,v,e,100]}}",
    ),
    Line(
        "sys:trace(nobody, true)",
        lambda _: sys.trace("nobody", True),
        "{noproc,{sys,trace,[nobody,true]}}",
    ),
    Line(
        "sys:log(nobody, {true, 5}, 100)",
        lambda _: sys.log("nobody", (True, 5), 0.1),
        "{noproc,{sys,log,[nobody,{true,5},100]}}",
    ),
    Line(
        "sys:log_to_file(nobody, false)",
        lambda _: sys.log_to_file("nobody", False),
        "{noproc,{sys,log_to_file,[nobody,false]}}",
    ),
    Line(
        "sys:statistics(nobody, get, 100)",
        lambda _: sys.statistics("nobody", "get", 0.1),
        "{noproc,{sys,statistics,[nobody,get,100]}}",
    ),
    Line(
        "sys:install(nobody, {F, 0})",
        lambda _: sys.install("nobody", (cast("Any", f), 0)),
        "{noproc,{sys,install,[nobody,{F,0}]}}",
    ),
    Line(
        "sys:remove(nobody, x, 100)",
        lambda _: sys.remove("nobody", "x", 0.1),
        "{noproc,{sys,remove,[nobody,x,100]}}",
    ),
    Line(
        "sys:no_debug(nobody)",
        lambda _: sys.no_debug("nobody"),
        "{noproc,{sys,{debug,no_debug},[nobody]}}",
    ),
    Line(
        "sys:no_debug(nobody, 100)",
        lambda _: sys.no_debug("nobody", 0.1),
        "{noproc,{sys,{debug,no_debug},[nobody,100]}}",
    ),
    # stop: the same of every behaviour
    Line("proc_lib:stop(nobody)", lambda _: proc_lib.stop("nobody"), "noproc"),
    Line(
        "proc_lib:stop(Silent, normal, 10)",
        lambda to: proc_lib.stop(to.silent, "normal", 0.01),
        "timeout",
    ),
    Line("gen_server:stop(nobody)", lambda _: gen_server.stop("nobody"), "noproc"),
    Line(
        "gen_server:stop(nobody, normal, 100)",
        lambda _: gen_server.stop("nobody", "normal", 0.1),
        "noproc",
    ),
    Line(
        "gen_server:stop(Silent, normal, 10)",
        lambda to: gen_server.stop(to.silent, "normal", 0.01),
        "timeout",
    ),
    Line(
        "gen_server:stop(Me)",
        lambda to: gen_server.stop(to.me),
        "{calling_self,{sys,terminate,[Me,normal,infinity]}}",
    ),
    Line(
        "gen_statem:stop(Me, normal, 10)",
        lambda to: gen_statem.stop(to.me, "normal", 0.01),
        "{calling_self,{sys,terminate,[Me,normal,10]}}",
    ),
    Line(
        "gen_event:stop({nobody, a@b})",
        lambda _: gen_event.stop(("nobody", "a@b")),
        "{nodedown,a@b}",
    ),
    # what is built on these
    Line(
        "supervisor:which_children(nobody)",
        lambda _: Supervisor.which_children("nobody"),
        "{noproc,{gen_server,call,[nobody,which_children,infinity]}}",
    ),
    Line(
        "supervisor:count_children(nobody)",
        lambda _: Supervisor.count_children("nobody"),
        "{noproc,{gen_server,call,[nobody,count_children,infinity]}}",
    ),
    Line(
        "supervisor:terminate_child(nobody, id)",
        lambda _: Supervisor.terminate_child("nobody", "id"),
        "{noproc,{gen_server,call,[nobody,{terminate_child,id},infinity]}}",
    ),
    Line(
        "supervisor:restart_child(nobody, id)",
        lambda _: Supervisor.restart_child("nobody", "id"),
        "{noproc,{gen_server,call,[nobody,{restart_child,id},infinity]}}",
    ),
    Line(
        "supervisor:delete_child(nobody, id)",
        lambda _: Supervisor.delete_child("nobody", "id"),
        "{noproc,{gen_server,call,[nobody,{delete_child,id},infinity]}}",
    ),
    Line(
        "supervisor:get_childspec(nobody, id)",
        lambda _: Supervisor.get_childspec("nobody", "id"),
        "{noproc,{gen_server,call,[nobody,{get_childspec,id},infinity]}}",
    ),
    Line(
        "pg:join(nobody, g, Me)",
        lambda to: pg.join("nobody", "g", to.me),
        "{noproc,{gen_server,call,[nobody,Hidden,infinity]}}",
    ),
    Line(
        "pg:monitor_scope(nobody)",
        lambda _: pg.monitor_scope("nobody"),
        "{noproc,{gen_server,call,[nobody,Hidden,infinity]}}",
    ),
]

ELIXIR: list[Line] = [
    # GenServer: always every argument
    Line(
        "GenServer.call(:nobody, :x)",
        lambda _: GenServer.call("nobody", "x"),
        "{noproc,{GenServer,call,[nobody,x,5000]}}",
    ),
    Line(
        "GenServer.call(:nobody, :x, 100)",
        lambda _: GenServer.call("nobody", "x", 0.1),
        "{noproc,{GenServer,call,[nobody,x,100]}}",
    ),
    Line(
        "GenServer.call(:nobody, :x, :infinity)",
        lambda _: GenServer.call("nobody", "x", None),
        "{noproc,{GenServer,call,[nobody,x,infinity]}}",
    ),
    Line(
        "GenServer.call(silent, :x, 10)",
        lambda to: GenServer.call(to.silent, "x", 0.01),
        "{timeout,{GenServer,call,[Silent,x,10]}}",
    ),
    Line(
        "GenServer.call(me, :x)",
        lambda to: GenServer.call(to.me, "x"),
        "{calling_self,{GenServer,call,[Me,x,5000]}}",
    ),
    Line(
        "GenServer.call({:nobody, :a@b}, :x)",
        lambda _: GenServer.call(("nobody", "a@b"), "x"),
        "{{nodedown,a@b},{GenServer,call,[{nobody,a@b},x,5000]}}",
    ),
    Line(
        "GenServer.stop(:nobody)",
        lambda _: GenServer.stop("nobody"),
        "{noproc,{GenServer,stop,[nobody,normal,infinity]}}",
    ),
    Line(
        "GenServer.stop(silent, :normal, 10)",
        lambda to: GenServer.stop(to.silent, "normal", 0.01),
        "{timeout,{GenServer,stop,[Silent,normal,10]}}",
    ),
    Line(
        "GenServer.stop(me)",
        lambda to: GenServer.stop(to.me),
        "{calling_self,{GenServer,stop,[Me,normal,infinity]}}",
    ),
    Line(
        "Agent.get(:nobody, f)",
        lambda _: Agent.get("nobody", f),
        "{noproc,{GenServer,call,[nobody,Hidden,5000]}}",
    ),
    Line(
        "Agent.get(:nobody, f, 100)",
        lambda _: Agent.get("nobody", f, timeout=0.1),
        "{noproc,{GenServer,call,[nobody,Hidden,100]}}",
    ),
    Line(
        "Agent.update(silent, f, 10)",
        lambda to: Agent.update(to.silent, f, timeout=0.01),
        "{timeout,{GenServer,call,[Silent,Hidden,10]}}",
    ),
    Line(
        "Agent.get_and_update(me, f, :infinity)",
        lambda to: Agent.get_and_update(to.me, f, timeout=None),
        "{calling_self,{GenServer,call,[Me,Hidden,infinity]}}",
    ),
    Line(
        "Agent.stop(:nobody)",
        lambda _: Agent.stop("nobody"),
        "{noproc,{GenServer,stop,[nobody,normal,infinity]}}",
    ),
    Line(
        "PartitionSupervisor.partitions(:nobody)",
        lambda _: partitions("nobody"),
        "{noproc,{PartitionSupervisor,partitions,[nobody]}}",
    ),
    Line(
        "Task.await(Task.async(fn -> Process.sleep(:infinity) end), 10)",
        lambda _: awaited(0.01),
        "{timeout,{Task,await,[Hidden,10]}}",
    ),
    Line(
        "Task.await_many([Task.async(fn -> Process.sleep(:infinity) end)], 10)",
        lambda _: all_awaited(0.01),
        "{timeout,{Task,await_many,[Hidden,10]}}",
    ),
]


async def partitions(name: str) -> int:
    return PartitionSupervisor.partitions(name)


async def awaited(timeout: float) -> None:
    await Task.run_async(process.sleep, None).await_(timeout)


async def all_awaited(timeout: float) -> None:
    await Task.await_many([Task.run_async(process.sleep, None)], timeout)
