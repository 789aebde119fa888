"""Event managers under random orders, on Erlang's gen_event and on ours: the same is told."""
