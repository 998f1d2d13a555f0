"""What outputs were allowed to be off by, and how far they were off of that, in words."""

from __future__ import annotations

from orchestrator.report.wording import format as fmt
from remote_payload.contract.facts import BAND_ROWS, CaseFacts, Gate, Over
from remote_payload.contract.records import CheckRecord, Judged
from remote_payload.contract.result import Result

HEADER = "RMS error of the spread (allowed)"
_OVER = {
    Over.ROW: "no row",
    Over.BAND: f"no {BAND_ROWS} rows together",
    Over.OUTPUT: "no output",
}
_SPREAD = (
    "The spread of a row is the root mean square of its reference; a row's errors are held against "
    "its own, and shares of many rows are such shares."
)


def note(result: Result) -> list[str]:
    """What outputs were compared with, and how far off an element may be, on which cases."""
    words: dict[str, list[str]] = {}
    for facts in result.cases:
        words.setdefault(_gates(_gates_of(facts)), []).append(facts.case.label)
    if not words:
        return []
    several = len(words) > 1
    told = "; ".join(
        (limits or "nobody said what") + (f" ({', '.join(labels)})" if several else "")
        for limits, labels in words.items()
    )
    judges = dict.fromkeys(one.ruling.by for one in result.checks if one.ruling)
    passes = "a check passes if no element is off by more than"
    if judges:
        passes = (
            f"whether a check passes is decided by the rule of {', '.join(judges)}. Outside "
            "tolerance is what is off by more than rounding costs, by our own rule, which does not "
            "decide here:"
        )
    told = f"Reference: {result.operator.reference}; {passes} {told}."
    spread = any(gate.spread for facts in result.cases for gate in _gates_of(facts))
    return [f"{told} {_SPREAD}" if spread else told]


def _gates_of(facts: CaseFacts) -> tuple[Gate, ...]:
    return facts.tolerance.gates if facts.tolerance else ()


def _gates(gates: tuple[Gate, ...]) -> str:
    """What elements, then what more of them together, may be off by at the most."""
    alone = [gate for gate in gates if gate.over is Over.ELEMENT]
    words = ", nor by more than ".join(map(_element, alone))
    together = [gate for gate in gates if gate.over is not Over.ELEMENT]
    if not together:
        return words
    many = ", ".join(f"{_OVER[gate.over]} by {_share(gate.spread)}" for gate in together)
    return f"{words}, and in root mean square {many}"


def _element(gate: Gate) -> str:
    """The least that rounding can cost near zero is left out where there is a spread."""
    if not gate.spread and not gate.rtol:
        return f"{gate.atol:.4g}" if gate.atol else "0, to the last bit"
    if not gate.spread:
        return f"{gate.atol:.4g} + {gate.rtol:.4g} · the magnitude of its reference"
    return f"{_share(gate.spread)} of its row's spread + {_share(gate.rtol)} of its reference"


def _share(part: float) -> str:
    return f"{part * 100:.2g} %"


def _of_output(record: CheckRecord) -> Judged | None:
    """What was found of whole outputs; of several, of the one nearest to what is allowed."""
    judged = record.error.judged if record.error else ()
    found = [one for one in judged if one.gate.over is Over.OUTPUT and one.used is not None]
    return max(found, key=lambda one: one.used or 0.0, default=None)


def has_share(record: CheckRecord) -> bool:
    """Whether whole outputs were judged; not in results of schema 1."""
    return _of_output(record) is not None


def share(record: CheckRecord) -> str:
    """The root mean square of the errors and what was allowed, of the spread of the reference."""
    judged = _of_output(record)
    if judged is None or judged.used is None:
        return fmt.NONE
    return f"{_share(judged.used * judged.gate.spread)} ({_share(judged.gate.spread)})"
