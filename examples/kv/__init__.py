r"""A key-value server: the one of Elixir's guide, in Python.

    $ make run                        (or: python -m examples.kv, or: beamish run examples.kv)
    21:04:07.312 [info] Accepting connections on port 4040

    $ telnet 127.0.0.1 4040
    CREATE shopping
    OK
    PUT shopping milk 1
    OK
    GET shopping milk
    1
    OK
    DELETE shopping milk
    OK
    GET basket milk
    NOT FOUND
    HELLO
    UNKNOWN COMMAND

Read it in this order; each file is one idea:

    bucket.py       a bucket keeps keys and values: an Agent
    registry.py     the registry maps names to buckets: a GenServer that watches them
    command.py      a line becomes a command, a command an answer
    server.py       a socket that accepts, and a task for each connection
    supervisor.py   who starts them all, and what happens when one of them dies
    __main__.py     the program: settings, and what is told to the person who starts it

The tree of processes, by their names:

    KV.Umbrella
    |- KV.Supervisor                    rest_for_one
    |  |- KV.Registry
    |  `- KV.BucketSupervisor
    |     `- buckets, one for each name
    `- KVServer.Supervisor              one_for_one
       |- KVServer.TaskSupervisor
       |  `- tasks, one for each connection
       `- KVServer.Acceptor

Kill any of them but the first, and the server goes on. (This follows the guide's edition of 2016.
Today's has one application, and calls KV.Server and KV.ServerSupervisor what is KVServer here.)
"""
