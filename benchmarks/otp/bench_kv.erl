%% The KV server of examples/kv, with the same processes: a registry, a bucket for each name under a
%% supervisor, subscribers in a table, and a task for each connection under a supervisor. Prints its
%% port, then serves forever.
-module(bench_kv).
-export([main/1, start_task/1, serve/1]).

main(_) ->
    ets:new(kv_subscribers, [named_table, public, duplicate_bag, {read_concurrency, true}]),
    {ok, _} = bench_kv_registry:start_link(),
    {ok, _} = bench_kv_sup:start_link(bench_kv_bucket),
    {ok, _} = bench_kv_sup:start_link(?MODULE),
    {ok, Listener} = gen_tcp:listen(0, [binary, {ip, {127, 0, 0, 1}}, {packet, line},
                                        {buffer, 65536}, {active, false}, {reuseaddr, true},
                                        {nodelay, true}, {keepalive, true}, {backlog, 1024}]),
    {ok, Port} = inet:port(Listener),
    io:format("~b~n", [Port]),
    accept(Listener).

accept(Listener) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    {ok, Pid} = supervisor:start_child(?MODULE, [Socket]),
    case gen_tcp:controlling_process(Socket, Pid) of
        ok -> ok;
        {error, _} -> gen_tcp:close(Socket)
    end,
    accept(Listener).

start_task(Socket) ->
    {ok, proc_lib:spawn_link(?MODULE, serve, [Socket])}.

serve(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Line} ->
            case gen_tcp:send(Socket, run(words(Line))) of
                ok -> serve(Socket);
                {error, _} -> exit(shutdown)
            end;
        {error, _} ->
            exit(shutdown)
    end.

words(Line) ->
    binary:split(Line, [<<" ">>, <<"\r">>, <<"\n">>], [global, trim_all]).

run([<<"CREATE">>, Name]) ->
    bench_kv_registry:create(Name),
    <<"OK\r\n">>;
run([<<"GET">>, Name, Key]) ->
    with_bucket(Name, fun(Pid) ->
        [bench_kv_bucket:get(Pid, Key), <<"\r\nOK\r\n">>]
    end);
run([<<"PUT">>, Name, Key, Value]) ->
    with_bucket(Name, fun(Pid) ->
        ok = bench_kv_bucket:put(Pid, Key, Value),
        <<"OK\r\n">>
    end);
run(_) ->
    <<"UNKNOWN COMMAND\r\n">>.

with_bucket(Name, Action) ->
    case bench_kv_registry:lookup(Name) of
        {ok, Pid} -> Action(Pid);
        error -> <<"NOT FOUND\r\n">>
    end.
