"""What preemption and asyncio citizenship cost: ``python -m benchmarks.costs``.

A workload is measured with each switched off, and with both, in turn. Preemption is switched off
as anyone can, by ``beamish.run(main, preempt=False)``. Citizenship cannot be: a copy of the
scheduler's loop without it is made here. Then `asyncio.current_task()` is not the process, and its
slices do not run in its context, as `asyncio.timeout` and context variables need it.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import logging
import signal
import statistics
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType

import beamish
from beamish.runtime import preemption, scheduler
from benchmarks import apart, machine, runners, workloads
from benchmarks.__main__ import save, stop
from benchmarks.build import HERE
from benchmarks.figures import Figure, round_ratios
from benchmarks.loops import loop_factory
from benchmarks.report import short, spread
from benchmarks.workload import InProcess

__all__ = ["VARIANTS", "Plainer", "main", "table", "without_citizenship"]

# What each variant does without.
VARIANTS = {
    "all": (),
    "without preemption": ("preemption",),
    "without citizenship": ("citizenship",),
    "without both": ("preemption", "citizenship"),
}
LIMIT_SECONDS = 120.0
# Short, to find moments in which the machine does nothing else; of several ticks of preemption, so
# that the best run is not one that has met none.
RUNS, PART = 100, 5


class Plainer(ast.NodeTransformer):
    """Takes the current task, and the context of each slice, out of the scheduler's loop.

    Attributes:
        tasks: how often asyncio's current task was stored.
        contexts: how often a slice ran in a context.
    """

    def __init__(self) -> None:
        self.tasks = self.contexts = 0

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        match node.targets:
            case [ast.Subscript(value=ast.Name(id="tasks"))]:
                self.tasks += 1
                return ast.copy_location(ast.Pass(), node)
            case _:
                return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node:
            case ast.Call(
                func=ast.Attribute(attr="run", value=ast.Attribute(attr="context")),
                args=[function, *arguments],
            ):
                self.contexts += 1
                plain = ast.Call(func=function, args=arguments, keywords=[])
                return ast.copy_location(plain, node)
            case _:
                return self.generic_visit(node)


def without_citizenship() -> CodeType:
    """Returns the code of ``Scheduler.work`` without the current task and the context."""
    function = scheduler.Scheduler.work
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    plainer = Plainer()
    plainer.visit(tree)
    if not (plainer.tasks and plainer.contexts):
        raise RuntimeError(
            "expected Scheduler.work to store tasks[loop] and to call context.run(); "
            f"found {plainer.tasks} and {plainer.contexts}: bring benchmarks/costs.py up to date"
        )
    ast.fix_missing_locations(tree)
    made: dict[str, object] = {}
    exec(compile(tree, "work without citizenship", "exec"), scheduler.__dict__, made)  # noqa: S102
    code = getattr(made["work"], "__code__", None)
    assert isinstance(code, CodeType)
    return code


def switch_citizenship_off() -> None:
    """Gives the scheduler the other loop, and tells preemption that it is one."""
    before, after = scheduler.Scheduler.work.__code__, without_citizenship()
    scheduler.Scheduler.work.__code__ = after
    bases = tuple(after if code is before else code for code in preemption._BASES)  # noqa: SLF001
    preemption.__dict__["_BASES"] = bases


def measure(name: str, off: Sequence[str], *, uvloop: bool) -> float:
    """Measures a workload in this process, without what is named.

    It is the best of many short runs: what else the machine does can only make them slower, and
    the differences are small.
    """
    logging.disable()
    workload = workloads.load(name)
    assert isinstance(workload, InProcess)
    assert workload.better == "higher"
    if "citizenship" in off:
        switch_citizenship_off()

    async def main() -> float:
        return max([await workload.on_beamish(workload.quick // PART) for _ in range(RUNS)])

    factory = loop_factory(uvloop=uvloop)
    value: float = beamish.run(main, preempt="preemption" not in off, loop_factory=factory)
    return value


def main() -> None:
    options = arguments()
    if options.off is not None:
        off = options.off.split()
        print(measure(options.workload, off, uvloop=options.uvloop))
        return
    signal.signal(signal.SIGTERM, stop)
    here = machine.look()
    print(here.header())
    workload = workloads.load(options.workload)
    figures = {
        variant: Figure(
            workload=f"{workload.name}_costs",
            title=workload.title,
            unit=workload.unit,
            better=workload.better,
            system="beamish",
            label=variant,
            version=here.python,
        )
        for variant in VARIANTS
    }
    for _ in range(options.rounds):
        for variant, figure in figures.items():
            add(figure, VARIANTS[variant], options)
    print(f"\n{workload.name}: {workload.title} [{workload.unit}]")
    print("\n".join(table(figures)))
    save([one for one in figures.values() if one.values], options.json, here)
    sys.exit(1 if any(one.failure for one in figures.values()) else 0)


def add(figure: Figure, off: Sequence[str], options: argparse.Namespace) -> None:
    """Adds one value, taken in a process of its own."""
    command = [options.python, "-m", "benchmarks.costs", options.workload, "--off", " ".join(off)]
    command += ["--uvloop"] * options.uvloop
    outcome = apart.run(command, LIMIT_SECONDS, HERE.parent, runners.surroundings())
    if outcome.failure:
        figure.failure = outcome.failure
    else:
        figure.values.append(float(outcome.output))


def table(figures: Mapping[str, Figure]) -> Iterator[str]:
    """Yields a line a variant: its figure, and what part of it `all` lacks, median and spread."""
    whole = figures["all"]
    for variant, figure in figures.items():
        if not figure.values or not whole.values:
            yield f"  {variant:<20} failed: {figure.failure or whole.failure}"
            continue
        cost = [1 - ratio for ratio in round_ratios(whole.values, figure.values)]
        shown = f"{short(figure.value)} ({spread(figure.values, short)})"
        costs = f"{statistics.median(cost):.1%} ({spread(cost, '{:.1%}'.format)})"
        yield f"  {variant:<20} {shown:<30} {f'costs {costs}' if figure is not whole else ''}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__)
    parser.add_argument("workload", nargs="?", choices=workloads.NAMES, default="ping_pong")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--uvloop", action="store_true", help="on uvloop")
    parser.add_argument("--python", default=sys.executable, metavar="PATH")
    parser.add_argument("--json", type=Path, default=HERE / "results" / "costs.jsonl")
    parser.add_argument("--off", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
