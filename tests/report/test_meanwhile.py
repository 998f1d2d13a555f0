"""The section on what the machine did during the races."""

from __future__ import annotations

import re
from dataclasses import replace

from orchestrator.report.figures import figures
from orchestrator.report.render import render
from orchestrator.report.sections.ground.meanwhile import meanwhile
from orchestrator.report.sections.ground.unmeasured import unmeasured
from remote_payload.contract.result import Result
from remote_payload.contract.watched import Span, Watched
from tests.report import races, synthetic
from tests.report.reading import summaries

GPU = synthetic.gpu_result()


def lines(result: Result) -> dict[str, dict[str, str]]:
    """The table's cells by the name of the row and of the column."""
    (view,) = meanwhile(result)
    return {row[0]: dict(zip(view.table.header, row, strict=True)) for row in view.table.rows}


def with_races(*watched: Watched) -> Result:
    return replace(GPU, watched=watched)


def test_a_race_has_a_row_with_all_that_was_told_of_it() -> None:
    row = lines(with_races(races.on_gpu(throttle=(("sw_power_cap", 3),))))[synthetic.case().label]
    assert row == {
        "Case": synthetic.case().label,
        "Method": "back_to_back",
        "Looks": "60",
        "SM clock": "1755 MHz",
        "Memory clock": "2619 MHz",
        "Power": "512 (480–530) W",
        "Temperature": "57 (52–58) °C",
        "Reasons for its clock": "sw_power_cap in 3",
        "Others on the GPU": "0",
        "CPUs": "52",
        "busy for others": "0.1 (0.0–0.2)",
        "busy for this run": "1.0 (0.9–1.1)",
    }


def test_a_run_on_a_cpu_has_no_columns_of_a_gpu() -> None:
    (view,) = meanwhile(replace(synthetic.cpu_result(), watched=(races.on_cpu(),)))
    assert "SM clock" not in view.table.header
    assert view.table.header[-1] == "CPU clock"
    assert "Seen by /proc while" in view.headline
    assert "looking took 0.4 % of one CPU" in view.headline


def test_many_races_are_told_by_method() -> None:
    some = [races.on_gpu(case=synthetic.case(heads)) for heads in range(1, 13)]
    assert len(lines(with_races(*some))) == 12
    clock = Span(1200.0, 1700.0, 1755.0)
    rows = lines(with_races(*some, races.on_gpu(sm_clock_mhz=clock, other_processes=2)))
    assert list(rows) == ["13 cases"]
    assert rows["13 cases"]["SM clock"] == "1755 (1200–1755) MHz"
    assert rows["13 cases"]["Others on the GPU"] == "2"
    assert rows["13 cases"]["Looks"] == "780"


def test_the_section_stands_beside_the_method_and_the_machine() -> None:
    result = replace(synthetic.cpu_result(), watched=(races.on_cpu(),))
    page = render(synthetic.run(result)).markdown
    names = [re.split(r"[:,]", one)[0] for one in summaries(page)]
    at = names.index("What the machine did during the races")
    assert names[at : at + 3] == ["What the machine did during the races", "Method", "Environment"]
    assert "| 30 | 8 | 0.1 (0.0–0.2) | 3.9 (3.6–4.0) | 2600 MHz |" in page


def test_what_nobody_watched_is_said_not_to_be_known() -> None:
    assert meanwhile(None) == ()
    assert meanwhile(GPU) == ()
    told = unmeasured(GPU, figures(GPU))
    assert "What the machine did during the races: nobody watched it." in told
    half = with_races(*(races.on_gpu(case=case) for case in GPU.request.cases))
    told = unmeasured(half, figures(half))
    assert "What the machine did during 6 of 12 races: nobody watched it." in told
