%% Line echo: passive sockets, one process a connection. Prints its port, then serves for ever.
-module(bench_echo).
-export([main/1, serve/1]).

main(_) ->
    {ok, Listener} = gen_tcp:listen(0, [binary, {ip, {127, 0, 0, 1}}, {packet, line},
                                        {active, false}, {reuseaddr, true}, {nodelay, true},
                                        {backlog, 1024}]),
    {ok, Port} = inet:port(Listener),
    io:format("~b~n", [Port]),
    accept(Listener).

accept(Listener) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() -> receive go -> serve(Socket) end end),
    ok = gen_tcp:controlling_process(Socket, Pid),
    Pid ! go,
    accept(Listener).

serve(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Line} ->
            ok = gen_tcp:send(Socket, Line),
            serve(Socket);
        {error, closed} ->
            ok
    end.
