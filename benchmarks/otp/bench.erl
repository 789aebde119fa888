%% The workloads on Erlang/OTP. Each function has the definition of the file of the same name in
%% benchmarks/workloads and returns its figure in that file's unit, for a given size.
%%
%%   erl +S 1:1 -noshell -noinput -pa DIR -run bench main WORKLOAD SIZE WARM REPEATS
%%
%% runs it once with the size WARM, then REPEATS times with SIZE, each in a process of its own, and
%% prints the median of those. A workload may also stand in a module of its own, bench_NAME, as run/1.
-module(bench).
-export([main/1]).
-export([ping_pong/1, ring/1, fan_in/1, call/1, call_busy/1, spawn_exit/1, kill/1, link_chain/1,
         monitors/1, timers_cancel/1, timers_fire/1, restarts/1, send_by_name/1,
         idle_memory/1, idle_rss/1, selective/1]).
-export([ping_pong_server/0, ring_member/1, fan_in_sender/2, idle/0, idle_up/1, nothing/0,
         chain/2, monitored/0, sink/1]).
-export([restarts_long/1, start_children/1]).

main([Name, Size, Warm, Repeats]) ->
    ok = logger:set_primary_config(level, none),
    Workload = workload(Name),
    _ = [apart(Workload, list_to_integer(Warm)) || list_to_integer(Warm) > 0],
    Values = [apart(Workload, list_to_integer(Size))
              || _ <- lists:seq(1, list_to_integer(Repeats))],
    io:format("~.6f~n", [float(median(Values))]),
    erlang:halt(0).

%% The function that measures: that of the module bench_NAME, or else the one of that name here.
workload(Name) ->
    Own = list_to_atom("bench_" ++ Name),
    Here = list_to_atom(Name),
    _ = code:ensure_loaded(Own),
    case erlang:function_exported(Own, run, 1) of
        true -> fun Own:run/1;
        false -> fun ?MODULE:Here/1
    end.

%% Runs a workload in a fresh process, so that no garbage is left to the next.
apart(Workload, Size) ->
    {_, Ref} = spawn_monitor(fun() -> exit({value, Workload(Size)}) end),
    receive
        {'DOWN', Ref, process, _, {value, Value}} -> Value;
        {'DOWN', Ref, process, _, Reason} ->
            io:format(standard_error, "~p: ~p~n", [Workload, Reason]),
            erlang:halt(1)
    end.

median(Values) ->
    lists:nth((length(Values) + 1) div 2, lists:sort(Values)).

now_ns() ->
    erlang:monotonic_time(nanosecond).

rate(Count, Start) ->
    Count * 1.0e9 / (now_ns() - Start).

kill_all(Pids) ->
    lists:foreach(fun(Pid) -> exit(Pid, kill) end, Pids).

%% --- messages ---------------------------------------------------------------------------------

ping_pong(Size) ->
    Server = spawn(?MODULE, ping_pong_server, []),
    Start = now_ns(),
    ping(Server, Size div 2),
    Value = rate(Size, Start),
    exit(Server, kill),
    Value.

ping(_, 0) ->
    ok;
ping(Server, N) ->
    Server ! {self(), N},
    receive N -> ping(Server, N - 1) end.

ping_pong_server() ->
    receive {From, N} -> From ! N, ping_pong_server() end.

ring(Size) ->
    First = spawn(?MODULE, ring_member, [self()]),
    Pids = ring_build(999, [First]),
    First ! hd(Pids),
    Start = now_ns(),
    First ! Size,
    receive done -> ok end,
    Value = rate(Size, Start),
    kill_all(Pids),
    Value.

ring_build(0, Pids) ->
    Pids;
ring_build(N, [Next | _] = Pids) ->
    Pid = spawn(?MODULE, ring_member, [self()]),
    Pid ! Next,
    ring_build(N - 1, [Pid | Pids]).

ring_member(Main) ->
    receive Next -> ring_member(Main, Next) end.

ring_member(Main, Next) ->
    receive
        0 -> Main ! done;
        N -> Next ! N - 1, ring_member(Main, Next)
    end.

fan_in(Size) ->
    Start = now_ns(),
    fan_in_spawn(1000, Size div 1000),
    receive_any(Size),
    rate(Size, Start).

fan_in_spawn(0, _) ->
    ok;
fan_in_spawn(N, Each) ->
    spawn(?MODULE, fan_in_sender, [self(), Each]),
    fan_in_spawn(N - 1, Each).

fan_in_sender(_, 0) ->
    ok;
fan_in_sender(To, N) ->
    To ! N,
    fan_in_sender(To, N - 1).

receive_any(0) ->
    ok;
receive_any(N) ->
    receive _ -> receive_any(N - 1) end.

send_by_name(Size) ->
    register(bench_sink, Sink = spawn(?MODULE, sink, [self()])),
    Start = now_ns(),
    send_batches(Size div 1000),
    Value = rate(Size, Start),
    unregister(bench_sink),
    exit(Sink, kill),
    Value.

send_batches(0) ->
    ok;
send_batches(N) ->
    send_batch(1000),
    receive ack -> send_batches(N - 1) end.

send_batch(0) ->
    ok;
send_batch(N) ->
    bench_sink ! N,
    send_batch(N - 1).

sink(Main) ->
    receive_any(1000),
    Main ! ack,
    sink(Main).

%% --- calls ------------------------------------------------------------------------------------

call(Size) ->
    {ok, Server} = gen_server:start_link(bench_server, none, []),
    Start = now_ns(),
    calls(Server, Size),
    Value = rate(Size, Start),
    gen_server:stop(Server),
    Value.

calls(_, 0) ->
    ok;
calls(Server, N) ->
    gen_server:call(Server, ping),
    calls(Server, N - 1).

call_busy(Size) ->
    lists:foreach(fun(N) -> self() ! {unrelated, N} end, lists:seq(1, 10000)),
    call(Size).

%% --- lives and deaths -------------------------------------------------------------------------

nothing() ->
    ok.

spawn_exit(Size) ->
    Start = now_ns(),
    spawn_exits(Size),
    rate(Size, Start).

spawn_exits(0) ->
    ok;
spawn_exits(N) ->
    {_, Ref} = spawn_monitor(?MODULE, nothing, []),
    receive {'DOWN', Ref, process, _, _} -> spawn_exits(N - 1) end.

kill(Size) ->
    Start = now_ns(),
    Watched = spawn_idle(Size - 1, []),
    Last = spawn_monitor(?MODULE, idle_up, [self()]),
    receive up -> ok end,
    kill_watched([Last | Watched]),
    rate(Size, Start).

spawn_idle(0, Watched) ->
    Watched;
spawn_idle(N, Watched) ->
    spawn_idle(N - 1, [spawn_monitor(?MODULE, idle, []) | Watched]).

kill_watched([]) ->
    ok;
kill_watched([{Pid, Ref} | Rest]) ->
    exit(Pid, kill),
    receive {'DOWN', Ref, process, _, _} -> kill_watched(Rest) end.

idle() ->
    receive _ -> ok end.

%% The last of many: it runs after all that were spawned before it have reached their receive.
idle_up(Main) ->
    Main ! up,
    idle().

link_chain(Size) ->
    {_, Ref} = spawn_monitor(?MODULE, chain, [Size, self()]),
    receive {last, Last} -> ok end,
    Start = now_ns(),
    Last ! die,
    receive {'DOWN', Ref, process, _, boom} -> ok end,
    rate(Size, Start).

chain(0, Main) ->
    Main ! {last, self()},
    receive die -> exit(boom) end;
chain(N, Main) ->
    spawn_link(?MODULE, chain, [N - 1, Main]),
    idle().

monitors(Size) ->
    Times = [monitors_fire() || _ <- lists:seq(1, Size div 10000)],
    length(Times) * 10000 * 1.0e9 / lists:sum(Times).

monitors_fire() ->
    Pid = spawn(?MODULE, monitored, []),
    _ = [monitor(process, Pid) || _ <- lists:seq(1, 10000)],
    Start = now_ns(),
    Pid ! die,
    receive_downs(10000),
    now_ns() - Start.

monitored() ->
    receive die -> ok end.

receive_downs(0) ->
    ok;
receive_downs(N) ->
    receive {'DOWN', _, process, _, _} -> receive_downs(N - 1) end.

restarts(Size) ->
    Start = now_ns(),
    restarts_of_supervisors(Size div 100),
    rate(Size, Start).

restarts_of_supervisors(0) ->
    ok;
restarts_of_supervisors(N) ->
    {ok, Sup} = supervisor:start_link(bench_sup, self()),
    receive {up, First} -> kill_children(First, 100) end,
    unlink(Sup),
    exit(Sup, kill),
    restarts_of_supervisors(N - 1).

kill_children(_, 0) ->
    ok;
kill_children(Pid, N) ->
    exit(Pid, kill),
    receive {up, New} -> kill_children(New, N - 1) end.

%% --- timers -----------------------------------------------------------------------------------

timers_cancel(Size) ->
    Start = now_ns(),
    set_and_cancel(Size div 10000),
    rate(Size, Start).

set_and_cancel(0) ->
    ok;
set_and_cancel(N) ->
    Timers = [erlang:send_after(10000 + I, self(), tick) || I <- lists:seq(1, 10000)],
    lists:foreach(fun erlang:cancel_timer/1, Timers),
    set_and_cancel(N - 1).

timers_fire(Size) ->
    Start = now_ns(),
    set_timers(Size),
    receive_any(Size),
    rate(Size, Start).

set_timers(0) ->
    ok;
set_timers(N) ->
    erlang:send_after(1, self(), tick),
    set_timers(N - 1).

%% --- memory -----------------------------------------------------------------------------------

idle_memory(Size) ->
    held(Size, fun() -> erlang:memory(processes) end).

idle_rss(Size) ->
    held(Size, fun rss/0).

held(Size, Bytes) ->
    Before = Bytes(),
    Pids = [spawn(?MODULE, idle, []) || _ <- lists:seq(1, Size - 1)],
    Last = spawn(?MODULE, idle_up, [self()]),
    receive up -> ok end,
    erlang:garbage_collect(),
    Value = (Bytes() - Before) / Size,
    kill_all([Last | Pids]),
    Value.

rss() ->
    {ok, Statm} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = binary:split(Statm, <<" ">>, [global]),
    binary_to_integer(Pages) * 4096.

%% --- supervisors ------------------------------------------------------------------------------

restarts_long(Size) ->
    Start = now_ns(),
    long_lived_supervisors(Size div 2000),
    rate(Size, Start).

long_lived_supervisors(0) ->
    ok;
long_lived_supervisors(N) ->
    {ok, Sup} = supervisor:start_link(bench_sup, {long, self()}),
    receive {up, First} -> kill_children(First, 2000) end,
    unlink(Sup),
    exit(Sup, kill),
    long_lived_supervisors(N - 1).

start_children(Size) ->
    Times = [supervisor_starts(1000) || _ <- lists:seq(1, Size div 1000)],
    Size * 1.0e9 / lists:sum(Times).

supervisor_starts(Children) ->
    Start = now_ns(),
    {ok, Sup} = supervisor:start_link(bench_sup, {children, Children}),
    Time = now_ns() - Start,
    unlink(Sup),
    Ref = monitor(process, Sup),
    exit(Sup, shutdown),
    receive {'DOWN', Ref, process, _, _} -> Time end.
%% --- selective receive ------------------------------------------------------------------------

selective(Size) ->
    lists:foreach(fun(N) -> self() ! {noise, N} end, lists:seq(1, 10000)),
    Start = now_ns(),
    select(Size),
    rate(Size, Start).

select(0) ->
    ok;
select(N) ->
    self() ! {wanted, N},
    receive {wanted, _} -> select(N - 1) end.
