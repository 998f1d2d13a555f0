"""The limits by which FlashInfer Trace judges. Standard library only; both programs read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from remote_payload.operators.adapted.node import Node
from remote_payload.operators.flashinfer.reading import Definition


@dataclass(frozen=True)
class Rules:
    """matched: the share of elements that has to be right. trials, distance: of sampling; how often
    it is called, and how far its frequencies may lie from the probabilities, in total variation."""

    atol: float = 1e-2
    rtol: float = 1e-2
    matched: float = 1.0
    trials: int = 100
    distance: float = 0.2


# What their own configuration has for an op_type; `rules` of a problem come on top.
USUAL = {"moe": Rules(matched=0.95)}


KNOWN = {
    "atol": "atol",
    "rtol": "rtol",
    "required_matched_ratio": "matched",
    "sampling_validation_trials": "trials",
    "sampling_tvd_threshold": "distance",
}


def rules(definition: Definition, said: Optional[Node]) -> Rules:
    """Theirs, with what was said beside the definition. BadOperator."""
    usual = USUAL.get(definition.op_type, Rules())
    if said is None:
        return usual
    found = {}
    for name, one in said.entries().items():
        number = isinstance(one.value, (int, float)) and not isinstance(one.value, bool)
        if name not in KNOWN or not number or not one.value >= 0:
            raise one.expected("a number from 0 on") if name in KNOWN else one.bad("no such rule")
        found[KNOWN[name]] = one.value
    return Rules(**{**vars(usual), **found})
