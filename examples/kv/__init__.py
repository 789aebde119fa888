r"""A key-value server: the umbrella project of Elixir's guide, in Python.

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
    SUBSCRIBE shopping
                                      (and in another terminal: PUT shopping eggs 3)
    eggs SET TO 3

``python -m examples.kv --data kv.db`` keeps the buckets in a file: what a client was told to be OK
is there again after the program, or the machine's power switch, was killed. What the disk refuses
is answered with ``ERROR`` and why.

Two applications live under the umbrella, and the second needs the first. Read them in this order;
each file is one idea:

    apps/kv/
        bucket.py       a bucket keeps keys and values: an Agent
        registry.py     the registry maps names to buckets: a GenServer that watches them
        names.py        the same with a Registry: a bucket is found by its via name
        subscribers.py  those that want to be told of changes: a Registry whose keys are shared
        store.py        the store of the buckets: a GenServer that owns a file
        file.py         the file: a SQLite database
        supervisor.py   starts them all, and says what happens when one of them dies
        app.py          the settings, and the start
    apps/kv_server/
        command.py      a line becomes a command, a command an answer
        server.py       a socket that accepts, and a task for each connection
        subscription.py a connection that is told of changes
        supervisor.py   who starts them
        app.py          the settings, and the start
    __main__.py         the program: both of them, until Ctrl-C

The tree of processes, by their names:

    KV                                  the application kv
    `- KV.Supervisor                    rest_for_one
       |- KV.Store                      with --data
       |- KV.Registry                   (or KV.Names)
       |- KV.BucketSupervisor
       |  `- buckets, one for each name
       `- KV.Subscribers
    KVServer                            the application kv_server
    `- KVServer.Supervisor              one_for_one
       |- KVServer.TaskSupervisor
       |  `- tasks, one for each connection
       `- KVServer.Acceptor

Kill any of them but KV and KVServer, and the server goes on. (This follows the guide's edition of
2016, and takes SUBSCRIBE from today's. That one has one application, and calls KV.Server and
KV.ServerSupervisor what is KVServer here.)
"""
