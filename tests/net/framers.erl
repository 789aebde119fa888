%% Plays scenarios over real sockets: what does a receiver get that is sent these bytes?
-module(framers).
-export([main/1]).

main(File) ->
    {ok, Scenarios} = file:consult(File),
    [io:format("~w~n", [play(Scenario)]) || Scenario <- Scenarios].

%% {options, active, bytes}: the packets and the reason of the end.
play({Options, Active, Data}) ->
    {ok, Listener} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Listener),
    Sender = spawn(fun() -> send(Port, Data) end),
    {ok, Socket} = gen_tcp:accept(Listener, 5000),
    ok = inet:setopts(Socket, Options),  % listen takes no line_delimiter
    Got = case Active of
              false -> passive(Socket);
              _ -> inet:setopts(Socket, [{active, Active}]), active(Socket, Active)
          end,
    exit(Sender, kill),
    gen_tcp:close(Socket),
    gen_tcp:close(Listener),
    Got.

send(Port, Data) ->
    {ok, Socket} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {active, false}]),
    gen_tcp:send(Socket, Data),
    gen_tcp:shutdown(Socket, write),
    gen_tcp:recv(Socket, 0).

passive(Socket) ->
    case gen_tcp:recv(Socket, 0, 5000) of
        {ok, Packet} -> [Packet | passive(Socket)];
        {error, Reason} -> [Reason]
    end.

active(Socket, Active) ->
    receive
        {Tag, Socket, Packet} when Tag =:= tcp; Tag =:= http ->
            Active =:= once andalso inet:setopts(Socket, [{active, once}]),
            [Packet | active(Socket, Active)];
        {tcp_closed, Socket} -> [closed];
        {tcp_error, Socket, Reason} -> [Reason]
    after 5000 -> [timeout]
    end.
