"""The judge: the same scenario on real Erlang and on beamish gives the same trace.

Start at scenario.md.
"""
