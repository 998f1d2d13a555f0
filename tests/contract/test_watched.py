"""What the machine did during a race, on its way home."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.store.runs import bounds
from remote_payload.contract import codec
from remote_payload.contract.codec import CodecError
from remote_payload.contract.result import Result
from remote_payload.contract.tools.throttle import holding
from remote_payload.contract.watched import Span
from tests.report import races, synthetic


def test_what_was_seen_of_a_race_survives_the_journey_unchanged() -> None:
    watched = (races.on_gpu(throttle=(("sw_power_cap", 3), ("gpu_idle", 1))), races.on_cpu())
    sent = replace(synthetic.gpu_result(), watched=watched)
    assert bounds.checked(codec.loads(Result, codec.dumps(sent))).watched == watched


def test_a_result_of_before_knows_nothing_of_its_races() -> None:
    document = codec.parse(codec.dumps(synthetic.gpu_result()))
    del document["watched"]
    assert codec.decode(Result, document).watched == ()


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"temperature_c": Span(-300.0, 20.0, 30.0)}, "watched[0].temperature_c.low"),
        ({"sm_clock_mhz": Span(0.0, 1e3, 1e9)}, "watched[0].sm_clock_mhz.high"),
        ({"others_load": Span(-1.0, 0.0, 0.0)}, "watched[0].others_load.low"),
        ({"samples": -1}, "watched[0].samples"),
    ],
)
def test_figures_that_no_machine_can_show_are_refused_by_name(
    changes: dict[str, object], key: str
) -> None:
    result = replace(synthetic.gpu_result(), watched=(races.on_gpu(**changes),))
    with pytest.raises(CodecError) as caught:
        bounds.checked(result)
    assert caught.value.key == key


def test_a_spans_figures_have_the_bounds_of_what_it_spans() -> None:
    cold = races.on_gpu(temperature_c=races.level(-20.0), margin_c=Span(-3.0, 1.0, 2.0))
    bounds.checked(replace(synthetic.gpu_result(), watched=(cold,)))


def test_what_a_user_set_holds_no_clock_back() -> None:
    reasons = ("gpu_idle", "applications_clocks_setting", "sync_boost", "sw_power_cap", "0x200")
    assert holding(reasons) == ("sw_power_cap", "0x200")
