"""A race in which calls write into what all of them share."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.request import Provider
from remote_payload.contract.words import Method, Status

pytest.importorskip("torch")

from remote_payload.machine.clock import CpuClock
from tests.payload.racing import raced
from tests.problems_gpumode.tasks import Host
from tests.problems_gpumode.test_on_a_host import CHECK, INPUT, made

ADDS = INPUT + "def ref_kernel(data): return data.add_(1)\n" + CHECK
RIGHT = "def custom_kernel(data): data += 1; return data\n"
# Right in the check and in the first timed calls, then it saves itself work.
TIRES = "CALLS = []\ndef custom_kernel(data):\n    CALLS.append(1)\n"
TIRES += "    return data.add_(1) if len(CALLS) < 4 else data\n"


def faults(host: Host, *names: str) -> list[BenchRecord]:
    """Who is out of a race beside the reference, and why."""
    known = {"reference": Provider("reference"), **{one.name: one for one in host.own.providers}}
    providers = tuple(known[name] for name in ("reference", *names))
    methods = (Method.BACK_TO_BACK, Method.COLD)
    plan = BenchPlan(methods, rounds=3, warmup=1, calls=5, starts=(1,))
    records = raced(host.setting, host.cases[-1], providers, plan, CpuClock, "reference")
    out = {one.provider: one for one in records if one.status is not Status.OK}
    return list(out.values())


def test_that_calls_in_place_are_timed_though_each_changes_what_the_next_one_gets(
    tmp_path: Path,
) -> None:
    host = made(tmp_path, ADDS, right=RIGHT)
    assert host.described.cases[0].written == ("data",)
    assert faults(host, "right") == []


def test_that_who_is_wrong_after_its_timed_calls_is_out(tmp_path: Path) -> None:
    (only,) = faults(made(tmp_path, ADDS, right=RIGHT, tires=TIRES), "right", "tires")
    assert only.provider == "tires"
    assert "a call after those is wrong: by the rule of check_implementation: off" in only.reason


def test_that_an_input_which_the_reference_leaves_alone_may_not_be_written(tmp_path: Path) -> None:
    source = ADDS.replace("data.add_(1)", "data + 1")
    (only,) = faults(made(tmp_path, source, right=RIGHT), "right")
    assert "changed its input data while being timed" in only.reason
