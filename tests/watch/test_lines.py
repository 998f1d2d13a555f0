"""A turn in one line: for a person, and for a program."""

from __future__ import annotations

import json
from dataclasses import replace

from orchestrator.cli.watching import lines
from orchestrator.performance.starts import Interval
from orchestrator.performance.stats import Ratio
from orchestrator.performance.verdict import Judgement, Verdict
from orchestrator.report.comparing.builds import BuildChange
from orchestrator.workflows.watch.judged import BASELINE, BEST, LAST, Against, Rival, Row
from orchestrator.workflows.watch.outcome import Outcome, Trouble, Word
from remote_payload.contract.words import Method
from tests.report import synthetic

TIME = Interval(157.3, 156.0, 158.7, 8, 0.01)
SLOWER = Judgement(Verdict.SLOWER, Ratio(0.5, 0.49, 0.51, 8), 0.01)
FASTER = Judgement(Verdict.FASTER, Ratio(1.114, 1.099, 1.130, 8), 0.01)
SPILLS = BuildChange("sm_90a", "norm", "bytes of spill stores", "0", "16", worse=True, spills=True)
REGISTERS = BuildChange("sm_90a", "norm", "registers", "40", "48")
ROW = Row(
    "mine",
    synthetic.case(),
    Method.BACK_TO_BACK,
    TIME,
    8,
    (
        Against(Rival(LAST, "mine@3"), FASTER),
        Against(Rival(BEST, "mine@3"), FASTER),
        Against(Rival(BASELINE, "sdpa"), SLOWER),
    ),
)
RIGHT = Outcome(4, Word.RIGHT, "turn4", "turn3", "turn3", (ROW,), seconds={"turn": 4.14})


def shown(outcome: Outcome) -> str:
    return lines.mark(outcome) + lines.line(outcome)


def test_that_a_right_turn_tells_its_time_and_how_it_stands_against_each_rival() -> None:
    assert shown(RIGHT) == (
        "  4 right   157.3 (156.0–158.7) µs   last, best FASTER 1.114× (1.099–1.130)   "
        "baseline SLOWER 0.500× (0.490–0.510)   8 starts, 4.1 s"
    )


def test_that_what_the_compiler_says_else_stands_behind_and_spills_are_loud() -> None:
    said = shown(replace(RIGHT, turns=2, changes=(SPILLS, REGISTERS)))
    assert "SPILLS: norm bytes of spill stores 0 → 16   norm registers 40 → 48" in said
    assert said.endswith("8 starts of 2 turns, 4.1 s")


def test_that_who_has_no_verdict_says_why_and_once() -> None:
    why = "MEASUREMENT ERROR of mine: above the roof"
    against = tuple(Against(one.rival, None, why) for one in ROW.against)
    refuted = replace(RIGHT, rows=(replace(ROW, against=against),))
    assert f"µs   last, best, baseline: no verdict: {why}   8 starts" in shown(refuted)
    other = (replace(against[0], why="mine@3 was not timed on that case"), *against[1:])
    assert "last: no verdict: mine@3 was not timed on that case   best, baseline: no verdict" in (
        shown(replace(RIGHT, rows=(replace(ROW, against=other),)))
    )
    (row,) = lines.document(refuted)["rows"]
    said = {"provider": "mine@3", "verdict": None, "speedup": None, "advice": why}
    assert row["against"]["last"] == said


def test_that_many_cases_are_summed_up() -> None:
    rows = tuple(replace(ROW, case=synthetic.case(heads)) for heads in synthetic.HEADS)
    said = shown(replace(RIGHT, rows=rows))
    assert said.count("157.3") == 3
    assert "and 3 cases more, of all last FASTER 1.11×, best FASTER 1.11×, baseline SLOWER" in said


def test_that_a_place_stands_first_and_once() -> None:
    bad = Outcome(
        2,
        Word.BROKEN,
        troubles=(Trouble("mine", "k/norm.cu:4:1: error: no", "k/norm.cu:4:1", "M=4"),),
    )
    assert shown(bad) == "  2 BROKEN   mine on M=4: k/norm.cu:4:1: error: no"
    raised = replace(bad, troubles=(Trouble("mine", "raised NameError", "k/part.py:4", "M=4"),))
    assert shown(raised) == "  2 BROKEN   k/part.py:4: mine on M=4: raised NameError"


def test_that_a_program_gets_every_figure() -> None:
    document = json.loads(json.dumps(lines.document(replace(RIGHT, changes=(REGISTERS,)))))
    assert document["word"] == "right"
    assert (document["last"], document["best"]) == ("turn3", "turn3")
    (row,) = document["rows"]
    assert row["time_us"] == [156.0, 157.3, 158.7]
    assert row["against"]["last"]["verdict"] == "FASTER"
    assert row["against"]["baseline"]["speedup"] == [0.49, 0.5, 0.51]
    assert document["changes"][0]["what"] == "registers"
    assert document["seconds"] == {"turn": 4.14}
