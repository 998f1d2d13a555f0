"""`python3 -m …stages.prove.sanitized_call ORDER.json`: what compute-sanitizer watches.

Inputs come from the CPU and answers go back there, so that our kernel is about all the GPU runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from remote_payload.contract import codec
from remote_payload.contract.request import Provider
from remote_payload.operators.attention.catalog import OURS
from remote_payload.operators.problem import Problem, operator_of
from remote_payload.providers.loading import load
from remote_payload.stages.prove.sanitize import SOUND, WRONG, Order


def main(path: Path) -> None:
    """One call for each case; a line for each that gave the right answer."""
    order = codec.loads(Order, path.read_text("utf-8"))
    loaded = load(Provider(OURS), order.setting)
    for case in order.cases:
        problem = Problem(operator_of(order.setting), case, order.setting)
        drawn = problem.drawn()
        inputs = problem.to_device(drawn)
        name = problem.implementation(loaded, inputs)
        with torch.no_grad(), loaded.within():
            returned = problem.bind(loaded, inputs)()
            problem.settle()
        outputs = tuple(out.cpu() for out in problem.outputs(returned))
        wrong = problem.describe(problem.measure(outputs, drawn))
        print(f"{WRONG} {case.label}: {wrong}" if wrong else f"{SOUND} {name}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
