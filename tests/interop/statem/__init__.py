"""State machines made by chance, run on Erlang's gen_statem and on ours: the same traces."""
