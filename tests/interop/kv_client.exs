# A client of the KV server, on real Elixir: the guide's own conversation over :gen_tcp.
#
#     elixir kv_client.exs PORT
#
# Prints what it asked and what it was answered, and fails at the first answer that is not the one
# expected. A command of nil asks nothing: the answer before has one more line.

[port] = System.argv()

options = [:binary, packet: :line, active: false]
{:ok, socket} = :gen_tcp.connect({127, 0, 0, 1}, String.to_integer(port), options, 5_000)

conversation = [
  {"UNKNOWN shopping\r\n", "UNKNOWN COMMAND\r\n"},
  {"GET shopping eggs\r\n", "NOT FOUND\r\n"},
  {"CREATE shopping\r\n", "OK\r\n"},
  {"PUT shopping eggs 3\r\n", "OK\r\n"},
  {"GET shopping eggs\r\n", "3\r\n"},
  {nil, "OK\r\n"},
  {"DELETE shopping eggs\r\n", "OK\r\n"},
  {"GET shopping eggs\r\n", "\r\n"},
  {nil, "OK\r\n"}
]

for {command, expected} <- conversation do
  if command, do: :ok = :gen_tcp.send(socket, command)
  {:ok, answer} = :gen_tcp.recv(socket, 0, 5_000)
  IO.puts("#{inspect(command)} -> #{inspect(answer)}")

  if answer != expected do
    IO.puts(:stderr, "expected #{inspect(expected)}")
    System.halt(1)
  end
end

:ok = :gen_tcp.close(socket)
