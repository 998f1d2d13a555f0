"""What holds like launches of one kernel back, in sentences: ours, and ncu's own rule beside it."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.ncu.evidence import of_launches
from orchestrator.performance.bottleneck.own_rule import beside, is_own_rule
from orchestrator.performance.bottleneck.rules import bottleneck
from orchestrator.readers.ncu.capture import KernelCapture


def findings(launches: Sequence[KernelCapture]) -> tuple[str, ...]:
    """The verdict first, then ncu's own, then remarks and what was not used."""
    found = bottleneck(of_launches(launches))
    return (
        found.verdict.words,
        *beside(found.limits, own_rules(launches)),
        *(one.words for one in found.remarks),
        *found.unused,
    )


def own_rules(launches: Sequence[KernelCapture]) -> tuple[str, ...]:
    """What ncu's rule on the whole kernel says of these launches, each text once."""
    texts = (
        rule.text for one in launches for rule in one.rules if is_own_rule(rule.name, rule.text)
    )
    return tuple(dict.fromkeys(texts))
