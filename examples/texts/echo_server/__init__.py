"""The echo server of "Task and gen_tcp", as it grows in that text.

``one_client``      accepts a client, serves it, and ends with it
``supervised``      the same as a Task under a Supervisor, which starts it again
``linked_clients``  a Task for each client, linked to the acceptor: a step that the text warns of
``many_clients``    a Task for each client, under a Task.Supervisor: the whole server

    python -m examples.texts.echo_server.many_clients        (on port 4040; Ctrl-C ends it)
    telnet 127.0.0.1 4040
"""
