"""What this project wants to reach, bound to the case and the GPU that it was set for."""

from __future__ import annotations

from dataclasses import replace

from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Targets, Tier
from remote_payload.contract.words import Method

CASE = Case("attention", (("B", 16), ("H", 96), ("S", 512), ("D", 64)), DType.FP16)
# The three tiers of the original report, which runs of schema 1 were judged by.
ORIGINAL = Targets(
    CASE,
    # A limit in µs says nothing of a GPU with other clocks, SMs or memory.
    gpu="H100 SXM",
    method=Method.BACK_TO_BACK,
    tiers=(
        Tier("Tier 1: match the H100 baseline", 3.820, inclusive=True),
        Tier("Tier 2: exceed it", 3.0, inclusive=False),
        Tier("Tier 3: push the limits", 2.0, inclusive=False),
    ),
)
TARGETS = replace(ORIGINAL, tiers=(*ORIGINAL.tiers, Tier("Goal", 1.75, inclusive=True)))
