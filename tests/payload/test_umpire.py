"""The judge of a race: what it looks at, and what it need not look at again."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from remote_payload.contract.case import Case  # noqa: E402
from remote_payload.contract.dtypes import DType  # noqa: E402
from remote_payload.operators.problem import Problem  # noqa: E402
from remote_payload.operators.setting import Setting  # noqa: E402
from remote_payload.stages.apart.keeping import Direct  # noqa: E402
from remote_payload.stages.bench.race import Draw, Forget, JudgeTimed  # noqa: E402
from remote_payload.stages.bench.umpire import Umpire  # noqa: E402

CASE = Case("softmax", (("M", 4), ("N", 32)), DType.FP32)


def test_that_outputs_that_equal_right_ones_to_the_last_bit_are_not_judged_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged: list[int] = []
    judge = Problem.judge

    def counted(self: Problem, *given: object) -> object:
        judged.append(1)
        return judge(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Problem, "judge", counted)
    umpire = Umpire(Setting("cpu", ".", 42, operator="softmax"), Direct())
    some, others = (umpire.answer(Draw(CASE)) for _ in range(2))
    right = torch.softmax(some.given.tensors[0], -1)
    wrong = right * 1.5
    for number, outputs, is_right, looks in (
        (some.number, wrong, False, 1),
        (some.number, wrong, False, 2),
        (some.number, right, True, 3),
        (some.number, right.clone(), True, 3),
        (some.number, right * (1 + 2**-22), True, 4),
        (some.number, wrong, False, 5),
        (others.number, right, False, 6),
    ):
        answer = umpire.answer(JudgeTimed(number, (outputs,)))
        assert (not answer.wrong, len(judged)) == (is_right, looks)
    umpire.answer(Forget((some.number,)))
    assert not umpire._right
