"""The runtime: what the BEAM's emulator does.

The rooms below use it through beamish.process, and `net` through runtime.waiting as well.
"""
