"""The words of a tolerance that does not depend on an element's size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.report.wording import allowed
from remote_payload.contract.facts import CaseFacts
from remote_payload.contract.result import Result
from remote_payload.operators import registry
from tests.report import synthetic


def about(name: str) -> Result:
    """SYNTHETIC: a run of an operator's own cases."""
    operator = registry.find(name)
    cases: tuple[CaseFacts, ...] = tuple(
        operator.facts_of(case) for case in operator.sweep(operator.cpu_sweep, operator.dtypes[:1])
    )
    return replace(synthetic.cpu_result(), operator=operator.facts, cases=cases)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "copy",
            "Reference: the input itself; a check passes if no element is off by more than 0, to the last bit.",
        ),
        (
            "exp",
            "Reference: 2^-x in fp64, as often; a check passes if no element is off by more than 1e-05.",
        ),
    ],
)
def test_a_limit_for_every_element_alike_is_one_number(name: str, words: str) -> None:
    assert allowed.note(about(name)) == [words]
