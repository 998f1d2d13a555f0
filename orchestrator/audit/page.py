"""An audit as text for people, and as a document for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.audit.audit import Audit, Objection, Verdict
from orchestrator.audit.together import Together
from orchestrator.audit.values import Kind, Weight
from orchestrator.values.privacy.redaction import gate
from orchestrator.values.text import one_line

_DETAILS, _KEYS, _SKIPPED = 4, 24, 12
_IN_A_DOCUMENT = 1000
_LONGEST = 600
# What is wanting in a file, and no fault of its figures.
_WANTING = (Kind.NO_SAMPLES, Kind.NO_WORK)


def text(audits: Sequence[Audit], pairs: Sequence[Together]) -> str:
    """The page: a part for each file, then for each two of them."""
    lines = [line for one in audits for line in (*_file(one), "")]
    lines += [line for one in pairs for line in (*_pair(one), "")]
    mask = gate()
    return "\n".join(mask(_short(one_line(line))) for line in lines).rstrip("\n")


def _short(line: str) -> str:
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def first_line(audit: Audit) -> str:
    """The verdict on a file in a line."""
    weights = [one.weight for one in audit.objections]
    counts = [
        f"{weights.count(weight)} {weight.value}{'' if weights.count(weight) == 1 else 's'}"
        for weight in (Weight.CONTRADICTION, Weight.DOUBT)
        if weight in weights
    ]
    told = ", ".join(counts)
    if audit.verdict is Verdict.NOT_JUDGED:
        return f"NOT JUDGED: nothing in it could be held against what it claims{_after(told)}"
    if audit.verdict is Verdict.CONTRADICTS:
        return f"CONTRADICTS: {told}"
    number = f"{audit.judged} comparison{'' if audit.judged == 1 else 's'}"
    return f"nothing contradicts, in {number}{_after(told)}"


def _after(words: str) -> str:
    return f"; {words}" if words else ""


def _file(audit: Audit) -> Iterator[str]:
    sheet = audit.sheet
    rows = f"{len(sheet.rows)} row{'' if len(sheet.rows) == 1 else 's'} with figures"
    yield f"# {sheet.name}: {first_line(audit)}"
    yield ""
    yield f"Read as {sheet.form}: {rows}."
    yield f"Recognised: {_recognised(sheet.meanings)}."
    unknown = [each for each in sheet.skipped if each]
    if unknown:
        more = f", and {len(unknown) - _SKIPPED} more" if len(unknown) > _SKIPPED else ""
        yield f"Not recognised, and not judged: {', '.join(unknown[:_SKIPPED])}{more}."
    for words in audit.bounds:
        yield f"Bounds: {words}."
    for weight in (Weight.CONTRADICTION, Weight.DOUBT, Weight.NOTE):
        found = [o for o in audit.objections if o.weight is weight and o.kind not in _WANTING]
        if found:
            yield ""
            yield f"## {weight.value.capitalize()}s"
            for number, one in enumerate(found, 1):
                yield from _objection(number, one)
    yield from _held(audit)
    yield from _wanting(audit)


def _recognised(meanings: Sequence[tuple[str, str]]) -> str:
    """Keys by what they mean: `p50_ms (time, p50)`, and those of the case together."""
    of_case = [key for key, meaning in meanings if meaning == "of the case"]
    words = [f"{', '.join(of_case)} (the case)"] if of_case else []
    others = [(key, meaning) for key, meaning in meanings if meaning != "of the case"]
    words += [f"{key} ({meaning})" for key, meaning in others[:_KEYS]]
    if len(others) > _KEYS:
        words.append(f"and {len(others) - _KEYS} more")
    return ", ".join(words) or "nothing"


def _objection(number: int, one: Objection) -> Iterator[str]:
    count = len(one.details)
    places = f" ({count} places)" if count > 1 else ""
    yield f"{number}. {one.kind.value}: {one.title}{places}"
    for where, arithmetic in one.details[:_DETAILS]:
        yield f"   - {where}: {arithmetic}" if where else f"   - {arithmetic}"
    if count > _DETAILS:
        yield f"   - and {count - _DETAILS} more"


def _held(audit: Audit) -> Iterator[str]:
    if audit.held:
        yield ""
        yield "## Compared, and it agrees"
        for what, count in audit.held:
            yield f"- {what}: {count}"


def _wanting(audit: Audit) -> Iterator[str]:
    found = [one for one in audit.objections if one.kind in _WANTING]
    if found or not audit.sheet.rows:
        yield ""
        yield "## Could not be judged"
    for one in found:
        told = "; ".join(text for _, text in one.details[:_DETAILS])
        yield f"- {one.title}: {told}"
    if not audit.sheet.rows:
        yield "- everything: no row with a figure that is known here, such as time_ms or tflops"


def _pair(pair: Together) -> Iterator[str]:
    yield f"# {pair.first} and {pair.second} together"
    yield ""
    for line in pair.lines:
        yield f"- {line}"


def document(audits: Sequence[Audit], pairs: Sequence[Together]) -> Mapping[str, object]:
    """All of it for programs."""
    return {
        "files": [_of_file(one) for one in audits],
        "together": [
            {
                "files": [pair.first, pair.second],
                "comparable": pair.comparable,
                "cases_in_both": pair.shared,
                "said": list(pair.lines),
            }
            for pair in pairs
        ],
    }


def _of_file(audit: Audit) -> Mapping[str, object]:
    sheet = audit.sheet
    return {
        "file": sheet.name,
        "read_as": sheet.form,
        "rows": len(sheet.rows),
        "verdict": audit.verdict.value,
        "comparisons": audit.judged,
        "recognised": [{"key": key, "meaning": meaning} for key, meaning in sheet.meanings],
        "not_recognised": list(sheet.skipped),
        "bounds": list(audit.bounds),
        "objections": [
            {
                "kind": one.kind.value,
                "weight": one.weight.value,
                "title": one.title,
                "places": len(one.details),
                "details": [
                    {"where": where, "arithmetic": arithmetic}
                    for where, arithmetic in one.details[:_IN_A_DOCUMENT]
                ],
            }
            for one in audit.objections
        ],
        "agrees": [{"what": what, "count": count} for what, count in audit.held],
    }
