"""What a contact asks for with the time it has, and what it says is to be done next."""

from __future__ import annotations

import pytest

from benchmarks.contact.plan import RACED_FIRST, Step, next_step, part, problem
from remote_payload.operators.attention.catalog import VARIANTS

FIRST, REST = part("first", rehearse=False), part("rest", rehearse=False)


def ours(status: str, heads: int = 96) -> dict[str, object]:
    return {"provider": "sparsek", "status": status, "case": {"heads": heads}}


SDPA = {"provider": "sdpa", "status": "ok"}


def test_a_step_gets_the_time_it_wants_or_what_is_left_but_a_margin() -> None:
    step = Step("bench", ("--peers",), 100.0)
    assert step.words(400.0) == (
        *("bench", "--host", "local", "--peers"),
        *("--time-limit", "100"),
    )
    words = step.words(60.0)
    assert words is not None
    assert words[-1] == "45"
    assert step.words(20.0) is None


def test_both_parts_fit_into_what_a_machine_is_lent_for() -> None:
    assert FIRST.limit_s <= 240
    assert REST.limit_s <= 500
    assert sum(step.limit_s for step in FIRST.steps) < FIRST.limit_s
    assert sum(step.limit_s for step in REST.steps) < REST.limit_s


@pytest.mark.parametrize(
    ("checks", "conformance", "words"),
    [
        ([ours("ok"), ours("ok", 8), SDPA], "failed", ".ci/gpu rest --variants "),
        ([ours("failed"), ours("ok", 8), SDPA], "ok", "sparsek is wrong and the hardware agrees"),
        ([ours("timeout"), SDPA], "failed", "sparsek is not right yet and the hardware disagrees"),
        ([ours("failed"), SDPA], "skipped", "is wrong and the hardware could not be asked (conf"),
        ([ours("failed"), SDPA], "timeout", "is wrong and the hardware could not be asked (conf"),
        (
            [ours("failed"), SDPA],
            None,
            "sparsek is wrong and the hardware could not be asked (conf",
        ),
        ([SDPA], "ok", "for all the others: .ci/gpu rest --without sparsek"),
        ([], None, "nothing was checked; the log above says why"),
    ],
)
def test_first_light_is_followed_by_what_makes_sense_now(
    checks: list[dict[str, object]], conformance: str | None, words: str
) -> None:
    proofs = [{"name": "conformance", "status": conformance}] if conformance else []
    assert words in next_step(FIRST, checks, proofs)


def test_what_is_to_be_raced_next_are_variants_that_exist() -> None:
    assert set(RACED_FIRST.split(",")) <= set(VARIANTS)


def test_after_the_rest_all_is_brought_home() -> None:
    assert next_step(REST, [], []).endswith("make gpu-results FROM='gpu-first.tgz gpu-rest.tgz'")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("rest", "sparsek,fa3", "lean"), ""),
        (("first", "sparsek", ""), "--without and --variants go with rest"),
        (("rest", "sparse", ""), "--without: 'sparse' is none of sdpa, "),
        (("rest", "", "lean,nonsense"), "--variants: 'nonsense' is none of leader-locates, "),
    ],
)
def test_a_slip_of_the_pen_costs_no_machine(words: tuple[str, str, str], complaint: str) -> None:
    said = problem(*words)
    assert said.startswith(complaint)
    assert bool(said) == bool(complaint)
