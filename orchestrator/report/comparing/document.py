"""A comparison as a JSON document: all that the page says, in figures."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.report.comparing.comparison import Comparison, Row, Yardstick
from orchestrator.report.comparing.condition import Condition
from orchestrator.report.comparing.page import first_line, verdict_line
from orchestrator.report.gates.gate import Ruling
from remote_payload.contract import codec
from remote_payload.contract.case import Case
from remote_payload.contract.words import Method


def document(found: Comparison, ruling: Ruling) -> Mapping[str, object]:
    """null where there is no interval, no spread or no rate."""
    return {
        "before": found.before.card.run_id,
        "after": found.after.card.run_id,
        "first": first_line(found),
        "verdict": verdict_line(found),
        "same_conditions": not any(one.explains for one in found.differences),
        "conditions": [_condition(one) for one in found.conditions],
        "differences": [_condition(one) for one in found.differences],
        "history": found.history,
        "gate": ruling.answer.value,
        "gate_exit_code": int(ruling.answer.exit_code),
        "regressions": len(ruling.slower) + len(found.broke),
        "slower": [row.about for row in ruling.slower],
        "open": [{"row": row.about, "reason": row.reason} for row in ruling.open_rows],
        "undecided": ruling.undecided,
        "rows": [_row(row) for row in found.rows],
        "baseline": [_yardstick(one) for one in found.yardsticks],
        "refused": [
            {**_key(one.provider, one.case, one.method), "reason": one.reason}
            for one in found.refused
        ],
        "lost": [
            {**_key(one.provider, one.case, one.method), "reason": one.reason, "broke": one.broke}
            for one in found.lost
        ],
        "gained": [_key(*key) for key in found.gained],
        "build": [codec.encode(one) for one in found.changes],
        "ceilings": [{**_encoded(one), "verdict": one.verdict.value} for one in found.ceilings],
    }


def _encoded(value: object) -> dict[str, object]:
    encoded = codec.encode(value)
    assert isinstance(encoded, dict)
    return encoded


def _condition(one: Condition) -> dict[str, object]:
    facts = {"what": one.what, "before": one.before, "after": one.after, "same": one.same}
    return {**facts, "why": one.why, "up_to": one.up_to}


def _row(row: Row) -> dict[str, object]:
    judged, history = row.found.judged, row.found.history
    told = {
        "runs": history.runs if history else 0,
        "runs_before": len(history.before) if history else 0,
        "runs_after": len(history.after) if history else 0,
        "spread": history.spread.sd if history else None,
    }
    return {
        **_key(row.provider, row.case, row.method),
        "before_us": row.before.median_us,
        "after_us": row.after.median_us,
        "speedup": judged.speedup.median if judged.speedup.n else None,
        "low": judged.speedup.low,
        "high": judged.speedup.high,
        **told,
        "verdict": judged.verdict.value,
        "advice": judged.advice,
        "doubts": [one.what for one in row.found.doubts],
    }


def _yardstick(one: Yardstick) -> dict[str, object]:
    return {
        **_key(one.provider, one.case, one.method),
        "before_us": one.before.median_us,
        "after_us": one.after.median_us,
    }


def _key(provider: str, case: Case, method: Method) -> dict[str, object]:
    return {"provider": provider, "case": codec.encode(case), "method": method.value}
