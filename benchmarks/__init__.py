"""Figures of beamish beside Erlang/OTP and asyncio, taken on one machine in one run.

``python -m benchmarks`` measures every workload on every system, in turn (A B A B ...), each
measurement in an operating-system process of its own, and prints medians, spread and the ratio to
one OTP scheduler. A workload is one file in ``workloads/``, which opens with its definition;
``otp/bench.erl`` has the same in Erlang.
"""
