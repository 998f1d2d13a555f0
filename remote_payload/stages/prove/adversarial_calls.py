"""`python3 -m …stages.prove.adversarial_calls ORDER.json VERDICT.json`: our kernel meets them all.

A process of its own, since what it meets may end it. Prints a line for each case.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import List, Tuple

import torch

from remote_payload.contract import codec
from remote_payload.contract.request import Provider
from remote_payload.operators.attention import adversarial
from remote_payload.operators.attention.adversarial import Challenge, Tensors
from remote_payload.operators.attention.catalog import OURS
from remote_payload.operators.problem import settle
from remote_payload.operators.setting import Setting
from remote_payload.processes.places import sentence
from remote_payload.providers.loading import Loaded, load
from remote_payload.stages.prove.prove_adversarial import Trial, Verdict


def main(order: Path, verdict: Path) -> None:
    """Try every case; an exception of the kernel is a wrong answer, and the next one is asked."""
    setting = codec.loads(Setting, order.read_text("utf-8"))
    loaded = load(Provider(OURS), setting)
    trials: List[Trial] = []
    kernels: List[str] = []
    chosen = adversarial.cases(thorough=setting.device == "cuda")
    for case in chosen:
        try:
            wrong, kernel = _try(case, loaded, setting)
        except Exception as exc:
            wrong, kernel = f"raised {sentence(exc)}", ""
        if kernel and kernel not in kernels:
            kernels.append(kernel)
        print(f"{'WRONG' if wrong else 'right'}  {case.name}  {wrong}".rstrip(), flush=True)
        trials.append(Trial(case.name, wrong))
    answer = Verdict(len(chosen), tuple(trials), tuple(sorted(kernels)))
    codec.write_atomic(verdict, codec.dumps(answer))


def _try(case: Challenge, loaded: Loaded, setting: Setting) -> Tuple[str, str]:
    """What is wrong, and the kernel that ran."""
    tensors = _on_device(case, setting)
    arguments = adversarial.arguments(case, *tensors)
    kernel = loaded.implementation(*tensors, **arguments).partition(",")[0]
    with torch.no_grad(), loaded.within():
        first = loaded.call(*tensors, **arguments).clone()
        second = loaded.call(*tensors, **arguments)
        settle(setting)
    _require_form(first, tensors[0])
    wrong = adversarial.judge(case, tensors, first)
    if not wrong and not torch.equal(first.view(torch.int16), second.view(torch.int16)):
        wrong = "a second call gave other bits"
    return wrong, kernel


def _require_form(out: torch.Tensor, like: torch.Tensor) -> None:
    if (out.shape, out.dtype, out.device) != (like.shape, like.dtype, like.device):
        raise ValueError(f"returned {out.dtype} {list(out.shape)} on {out.device}")


def _on_device(case: Challenge, setting: Setting) -> Tensors:
    q, k, v = (tensor.to(setting.device) for tensor in case.make())
    if case.strided:
        q, k, v = (adversarial.strided(tensor, which) for which, tensor in enumerate((q, k, v)))
    return q, k, v


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
