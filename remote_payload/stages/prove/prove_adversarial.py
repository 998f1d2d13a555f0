"""The proof `adversarial`: our kernel on inputs chosen to break it, against fp64."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Tuple

from remote_payload.contract import codec
from remote_payload.stages.prove.prove import Place, Refuted, Skipped, last_line


@dataclass(frozen=True)
class Trial:
    """One case. wrong: empty if the answer is right."""

    case: str
    wrong: str


@dataclass(frozen=True)
class Verdict:
    """All trials of one process. asked: how many there should be; kernels: the names that ran."""

    asked: int
    trials: Tuple[Trial, ...]
    kernels: Tuple[str, ...]


def adversarial(place: Place) -> str:
    """Every case right; on a CPU a few tiny ones, emulated. What was proven, in words."""
    if place.setting.library is None:
        raise Skipped(place.setting.no_library)
    order, answer = place.scratch / "order.json", place.scratch / "verdict.json"
    codec.write_atomic(order, codec.dumps(place.setting))
    module = (
        sys.executable,
        "-m",
        "remote_payload.stages.prove.adversarial_calls",
        str(order),
        str(answer),
    )
    ended, text = place.run(module, "cases.txt")
    if ended.exit_code != 0 or not answer.is_file():
        how = ended.why or f"ended with status {ended.exit_code}"
        raise Refuted(f"the process {how}: {last_line(text)}")
    verdict = codec.loads(Verdict, answer.read_text("utf-8"))
    wrong = [trial for trial in verdict.trials if trial.wrong]
    if wrong:
        more = f" ({len(wrong)} of {verdict.asked} cases are wrong)" if len(wrong) > 1 else ""
        raise Refuted(f"{wrong[0].case}: {wrong[0].wrong}{more}")
    if not verdict.asked or len(verdict.trials) != verdict.asked:
        raise Refuted(f"{len(verdict.trials)} of {verdict.asked} cases were tried")
    where = "" if place.setting.device == "cuda" else ", emulated"
    return f"{verdict.asked} cases right, with {', '.join(verdict.kernels)}{where}"
