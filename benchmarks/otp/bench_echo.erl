%% Line echo, one process a connection; "passive" (recv) or "active" sockets. Prints its port, then
%% serves forever.
-module(bench_echo).
-export([main/1, passive/1, active/1]).

main([Mode]) ->
    {ok, Listener} = gen_tcp:listen(0, [binary, {ip, {127, 0, 0, 1}}, {packet, line},
                                        {active, false}, {reuseaddr, true}, {nodelay, true},
                                        {backlog, 1024}]),
    {ok, Port} = inet:port(Listener),
    io:format("~b~n", [Port]),
    accept(Listener, list_to_existing_atom(Mode)).

accept(Listener, Mode) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() -> receive go -> start(Mode, Socket) end end),
    ok = gen_tcp:controlling_process(Socket, Pid),
    Pid ! go,
    accept(Listener, Mode).

start(passive, Socket) ->
    passive(Socket);
start(active, Socket) ->
    ok = inet:setopts(Socket, [{active, true}]),
    active(Socket).

passive(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Line} ->
            ok = gen_tcp:send(Socket, Line),
            passive(Socket);
        {error, closed} ->
            ok
    end.

active(Socket) ->
    receive
        {tcp, Socket, Line} ->
            ok = gen_tcp:send(Socket, Line),
            active(Socket);
        {tcp_closed, Socket} ->
            ok
    end.
