"""Whom verdicts compare with: another provider than the operator's baseline, or another revision."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from remote_payload.contract import codec
from remote_payload.contract.codec import CodecError
from remote_payload.contract.facts import Role
from remote_payload.contract.plans import BenchPlan
from remote_payload.contract.records import BenchRecord
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Method, Stage, Status
from remote_payload.operators import registry
from remote_payload.operators.setting import Library, Setting
from remote_payload.run import intake
from remote_payload.stages.bench.deciding import decided
from tests.payload.running import TINY, a_request, misbehaving, run_payload

FACTS = registry.find("attention").facts
TWINS = (
    Provider("mine", "mine.py:f", against="mine@1a2b3c4"),
    Provider("mine@1a2b3c4", "then.py:f", absent="the same sources in both"),
)


def test_that_a_provider_and_its_other_revision_survive_the_journey() -> None:
    ours = Provider("sparsek@1a2b3c4", sources="before")
    request = a_request(*TWINS, ours, baseline="mine", against="HEAD~1")
    came = codec.loads(Request, codec.dumps(request))
    assert came == request
    assert came.before == ("mine@1a2b3c4",)
    assert came.providers[2].known_as == "sparsek"
    assert Provider("a@b").known_as == "a@b", "a user's operator may call its own so"


def test_that_who_has_a_revision_beside_it_is_compared_with_that_alone() -> None:
    request = a_request(*TWINS)
    assert request.baseline_of("mine", "sdpa") == "mine@1a2b3c4"
    assert request.baseline_of("mine@1a2b3c4", "sdpa") == "sdpa"


def test_that_a_baseline_that_was_asked_for_is_the_only_one() -> None:
    judged = FACTS.judged_by("mine")
    assert (judged.baseline, judged.named(Role.BASELINE)) == ("mine", ("mine",))
    assert FACTS.baseline in judged.named(Role.RIVAL)
    assert FACTS.judged_by(FACTS.baseline).baseline == FACTS.baseline
    known = FACTS.judged_by(FACTS.ours)
    assert [p.what for p in known.providers[:1]] == [
        p.what for p in FACTS.providers if p.name == FACTS.ours
    ]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"baseline": "nobody"}, r"baseline: 'nobody' is no provider of the request"),
        ({"against": "x"}, r"providers\[0\]\.against: 'x' is no provider of the request"),
        ({"sources": "/etc"}, r"providers\[0\]\.sources: expected a folder of the snapshot"),
        ({"sources": "a/../.."}, r"providers\[0\]\.sources: expected a folder of the snapshot"),
    ],
)
def test_that_what_cannot_be_compared_with_is_refused_by_its_key(
    changes: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    request = a_request()
    if "baseline" in changes:
        request = replace(request, baseline=changes["baseline"])
    else:
        provider = replace(request.providers[0], **changes)  # type: ignore[arg-type]
        request = replace(request, providers=(provider,))
    (tmp_path / "request.json").write_text(codec.dumps(request))
    with pytest.raises(CodecError, match=complaint):
        intake.read(tmp_path / "request.json")


def test_that_a_kernel_of_other_sources_comes_out_of_their_library_alone() -> None:
    others = (Library("before", "/builds/then.so"), Library("older", None, "does not compile"))
    now = Setting("cpu", "/snapshot", 42, "/builds/now.so", others=others)
    assert now.of_sources("") == now
    assert now.of_sources("before").library == "/builds/then.so"
    lost = now.of_sources("older")
    assert (lost.library, lost.no_library) == (None, "does not compile")
    assert now.of_sources("elsewhere").library is None


def test_that_a_race_goes_on_until_each_is_told_from_its_own_baseline() -> None:
    critical = (((4.0,) * 8,),)
    plan = BenchPlan(starts=(8,), critical=critical, methods=(Method.COLD,))

    def timed(name: str, *samples_us: float) -> BenchRecord:
        starts = (1,) * len(samples_us)
        return BenchRecord(name, TINY, Method.COLD, Status.OK, samples_us=samples_us, starts=starts)

    wild = timed("mine@1a2b3c4", 9, 30, 9, 30, 9, 30, 9, 30)
    records = [timed("sdpa", *[10.0] * 8), timed("mine", *[20.0] * 8), wild]
    assert decided(records[:2], plan, lambda _: "sdpa", 1)
    request = a_request(*TWINS)
    assert not decided(records, plan, lambda name: request.baseline_of(name, ""), 1)


def test_that_a_run_is_about_the_baseline_that_was_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    mine = replace(misbehaving("right"), against="mine@1a2b3c4")
    twin = Provider("mine@1a2b3c4", mine.target, absent="the same sources in both")
    request = a_request(
        Provider("sdpa"), mine, twin, baseline="right", stages=(Stage.CHECK,), against="HEAD~1"
    )
    done = run_payload(request, tmp_path)
    assert (done.exit_status, done.result.status) == (0, Status.OK), done.log
    assert done.result.operator.baseline == "right"
    assert done.result.baseline_of("sdpa") == "right"
    told = done.check("mine@1a2b3c4")
    assert (told.status, told.reason) == (Status.SKIPPED, "the same sources in both")
