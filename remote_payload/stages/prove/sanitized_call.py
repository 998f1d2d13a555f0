"""`python3 -m …stages.prove.sanitized_call ORDER.json`: what compute-sanitizer watches.

Inputs come from the CPU and answers go back there, so that our kernel is about all the GPU runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from remote_payload.contract import codec
from remote_payload.contract.plans import CheckPlan
from remote_payload.contract.request import Provider
from remote_payload.operators import measure_error
from remote_payload.operators.attention import inputs
from remote_payload.operators.attention.catalog import OURS
from remote_payload.providers.loading import load
from remote_payload.stages.check.check_case import require_form, scale_of, settle, to_device, truth
from remote_payload.stages.prove.sanitize import SOUND, WRONG, Order


def main(path: Path) -> None:
    """One call for each shape; a line for each that gave the right answer."""
    order = codec.loads(Order, path.read_text("utf-8"))
    loaded, plan = load(Provider(OURS), order.setting), CheckPlan()
    for shape in order.shapes:
        drawn = inputs.make(shape, order.setting.seed)
        qkv = to_device(drawn, order.setting)
        arguments = {"causal": shape.causal, "scale": scale_of(shape)}
        name = loaded.implementation(*qkv, **arguments)
        with torch.no_grad(), loaded.within():
            out = loaded.call(*qkv, **arguments)
            settle(order.setting)
        require_form(out, qkv[0])
        measured = measure_error.measure(out.cpu(), truth(drawn, shape), plan.rtol, plan.atol)
        wrong = measure_error.describe(measured)
        print(f"{WRONG} {shape.label}: {wrong}" if wrong else f"{SOUND} {name}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
