"""The profiler's own verdict on the same figures, beside ours: the same, another, or no comparison.

ncu's section SpeedOfLight ends with one rule (SOLBottleneck). It looks at two figures only, compute
and memory, and draws its lines at 80 % and 60 %. It is quoted, never used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.performance.bottleneck.evidence import Limit
from orchestrator.performance.bottleneck.resources import is_compute, is_memory

_NAME = re.compile(r"(?:SOL|Speed Of Light)? ?Bottleneck\Z")
# The details page as text names no rule, only its type; there its words tell it from others.
_UNNAMED = re.compile(r"[A-Z]{2,3}\Z")
_WORDS = re.compile(
    r"more heavily utilized than|low compute throughput and memory bandwidth|too small to fill"
    r"|Compute and Memory are well-balanced|% of the available compute or memory performance"
)
_IDLE = frozenset((Limit.LATENCY, Limit.LAUNCH, Limit.NOTHING))
_MEMORY = re.compile(r"Memory is more heavily utilized|in the Memory Workload Analysis")
_COMPUTE = re.compile(r"Compute is more heavily utilized|in the Compute Workload Analysis")
_NAMED = re.compile(r"(?:identify the|analyzing) (?P<unit>DRAM|L1|L2)\b")
_LOW = re.compile(r"low compute throughput and memory bandwidth|grid is too small to fill")
_ANY = re.compile(r"well-balanced|greater than \d+(?:\.\d+)?% of the available")
_UNITS = {"DRAM": Limit.DRAM, "L1": Limit.L1, "L2": Limit.L2}


def is_own_rule(name: str, text: str) -> bool:
    """Whether a rule judges the whole kernel, as we do: by its name, else by its words."""
    return bool(_NAME.match(name) or (_UNNAMED.match(name) and _WORDS.search(text)))


def beside(limits: tuple[Limit, ...], texts: Sequence[str]) -> tuple[str, ...]:
    """The rule's words, and whether they say what we say.

    texts: what it says of the launches, each once. Where it says several things, each is of some
    launches only, and our verdict is on all: nothing is compared.
    """
    if len(texts) != 1:
        return tuple(f"ncu's own rule says of some launches: {_quoted(one)}" for one in texts)
    agrees = _agrees(limits, texts[0])
    verb = {True: "agrees", False: "says otherwise", None: "says"}[agrees]
    return (f"ncu's own rule {verb}: {_quoted(texts[0])}",)


def _quoted(said: str) -> str:
    return f"“{' '.join(said.split()).rstrip('.')}”"


def _agrees(limits: tuple[Limit, ...], said: str) -> bool | None:
    """None where one of the two says nothing that could be compared."""
    resources = [one for one in limits if is_memory(one) or is_compute(one)]
    if not resources and not _IDLE & set(limits):
        return None
    if _LOW.search(said):
        return not resources
    if named := _NAMED.search(said):
        return _UNITS[named["unit"]] in limits or Limit.MEMORY in limits
    if _MEMORY.search(said):
        return any(is_memory(one) for one in limits)
    if _COMPUTE.search(said):
        return any(is_compute(one) for one in limits)
    return bool(resources) if _ANY.search(said) else None
