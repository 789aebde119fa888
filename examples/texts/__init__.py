"""The programs of the two texts that beamish grew from.

"Errors and Processes" (Erlang): ``link_mon``, ``e_trap``, ``monitors``, ``critic``; ``shell`` runs
their sessions. "Task and gen_tcp" (Elixir): ``echo_server``.
"""
