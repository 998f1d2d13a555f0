"""ncu's own verdict is quoted beside ours, and it is said whether the two agree."""

from __future__ import annotations

import pytest

from orchestrator.performance.bottleneck.evidence import Limit
from orchestrator.performance.bottleneck.own_rule import beside, is_own_rule

LOW = "This kernel exhibits low compute throughput and memory bandwidth utilization."
SMALL = "This kernel grid is too small to fill the available resources on this device."
MEMORY = (
    "Memory is more heavily utilized than Compute: Look at the Memory Workload Analysis section."
)
MEMORY_DRAM = f"{MEMORY[:-1]} to identify the DRAM bottleneck."
COMPUTE = (
    "Compute is more heavily utilized than Memory: Look at the Compute Workload Analysis section."
)
FULL = "The kernel is utilizing greater than 80.0% of the available compute or memory performance."
FULL_DRAM = f"{FULL} Start by analyzing DRAM in the Memory Workload Analysis section."
FULL_COMPUTE = f"{FULL} Start by analyzing workloads in the Compute Workload Analysis section."
BALANCED = "Compute and Memory are well-balanced: to reduce runtime, both must be reduced."


@pytest.mark.parametrize(
    ("limits", "said", "verb"),
    [
        ((Limit.LATENCY,), LOW, "agrees"),
        ((Limit.NOTHING,), LOW, "agrees"),
        ((Limit.LAUNCH,), SMALL, "agrees"),
        ((Limit.L1,), LOW, "says otherwise"),
        ((Limit.TENSOR,), SMALL, "says otherwise"),
        ((Limit.DRAM,), MEMORY, "agrees"),
        ((Limit.L1, Limit.LSU), MEMORY, "agrees"),
        ((Limit.ISSUE,), MEMORY, "says otherwise"),
        ((Limit.LATENCY,), MEMORY, "says otherwise"),
        ((Limit.L1,), MEMORY_DRAM, "says otherwise"),
        ((Limit.DRAM, Limit.L2), MEMORY_DRAM, "agrees"),
        ((Limit.MEMORY,), MEMORY_DRAM, "agrees"),
        ((Limit.FP64,), COMPUTE, "agrees"),
        ((Limit.DRAM,), COMPUTE, "says otherwise"),
        ((Limit.DRAM,), FULL_DRAM, "agrees"),
        ((Limit.LATENCY,), FULL_DRAM, "says otherwise"),
        ((Limit.LSU,), FULL_COMPUTE, "agrees"),
        ((Limit.DRAM,), FULL_COMPUTE, "says otherwise"),
        ((Limit.NOTHING,), FULL, "says otherwise"),
        ((Limit.ISSUE,), BALANCED, "agrees"),
        ((Limit.UNDETERMINED,), FULL, "says"),
        ((Limit.DRAM,), "words of a rule that nobody here has seen", "says"),
    ],
)
def test_the_rule_stands_beside_our_verdict_and_disagreement_is_said(
    limits: tuple[Limit, ...], said: str, verb: str
) -> None:
    assert beside(limits, [said]) == (f"ncu's own rule {verb}: “{said.rstrip('.')}”",)


def test_what_it_says_of_some_launches_is_quoted_and_not_compared() -> None:
    said = beside((Limit.DRAM,), [LOW, FULL_DRAM])
    assert [one.partition(":")[0] for one in said] == ["ncu's own rule says of some launches"] * 2
    assert beside((Limit.DRAM,), []) == ()


@pytest.mark.parametrize(
    ("name", "text", "is_one"),
    [
        ("SOLBottleneck", LOW, True),
        ("Bottleneck", "words of a version to come", True),
        ("HighPipeUtilization", COMPUTE, False),
        ("Achieved Occupancy", LOW, False),
        ("SOLFPRoofline", LOW, False),
        ("OK", FULL, True),
        ("WRN", MEMORY, True),
        ("WRN", SMALL, True),
        ("OPT", LOW, True),
        ("INF", BALANCED, True),
        ("WRN", "Threads are executed in groups of 32 threads called warps.", False),
        ("OPT", "Look at the Memory Workload Analysis section.", False),
    ],
)
def test_only_the_rule_on_the_whole_kernel_is_set_beside(
    name: str, text: str, is_one: bool
) -> None:
    assert is_own_rule(name, text) is is_one
