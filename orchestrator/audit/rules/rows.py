"""Rows beside each other: the same twice, one provider with two times, and what all rows lack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from orchestrator.audit.rules import figures as fig
from orchestrator.audit.rules.figures import of
from orchestrator.audit.values import Finding, Kind, Quantity, Row, Weight

_OTHER = 1.1


def duplicates(rows: Sequence[Row]) -> Iterator[Finding]:
    """Rows that nothing tells apart."""
    groups: dict[tuple[tuple[str, str], ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(row.apart, []).append(row)
    for group in groups.values():
        if len(group) > 1:
            yield _twice(group)


def _twice(group: list[Row]) -> Finding:
    places = ", ".join(row.place for row in group[:5]) + (", …" if len(group) > 5 else "")
    where = f"{places}: {group[0].label or 'nothing tells them apart'}"
    values = {tuple((f.key, f.value) for f in row.figures) for row in group}
    if len(values) == 1 and len({row.series for row in group}) == 1:
        text = f"{len(group)} times the same figures"
        return Finding(Kind.DUPLICATE, Weight.DOUBT, "the same figures twice", where, text)
    times = [time.value for row in group for time in of(row, Quantity.TIME)[:1]]
    if not times or not min(times):
        text = f"{len(group)} rows"
        return Finding(Kind.TWICE, Weight.DOUBT, "the same twice, with other figures", where, text)
    apart = max(times) / min(times)
    text = f"{fig.time(min(times))} and {fig.time(max(times))}: {fig.times(apart)} apart"
    title = "the same provider and case twice, with other times: which holds?"
    named = apart > _OTHER and bool(group[0].apart)
    weight = Weight.CONTRADICTION if named else Weight.DOUBT
    return Finding(Kind.TWICE, weight, title, where, text)


def lacking(rows: Sequence[Row]) -> Iterator[Finding]:
    """What would be needed to judge, and is not there."""
    condensed = [row for row in rows if not row.series and of(row, Quantity.TIME)]
    if condensed:
        keys = list(dict.fromkeys(f.key for row in condensed for f in of(row, Quantity.TIME)))
        text = f"{len(condensed)} of {len(rows)} rows have only {', '.join(keys[:4])}"
        title = "no raw samples, so no interval and no verdict of faster or slower"
        yield Finding(Kind.NO_SAMPLES, Weight.DOUBT, title, "", text)
    missing = Counter(", ".join(row.known.missing) for row in rows if row.known.missing)
    unknown = {", ".join(row.known.missing) for row in rows if row.known.facts is None}
    for what, count in missing.items():
        title = "work unknown, so no rate and no roof"
        if what not in unknown:
            title = "bytes unknown, so no bandwidth and no memory roof"
        text = f"{count} of {len(rows)} rows lack {what}"
        yield Finding(Kind.NO_WORK, Weight.DOUBT, title, "", text)
    silent = [row for row in rows if row.known.case and not row.known.mask_told]
    if silent:
        text = f"{len(silent)} of {len(rows)} rows say nothing of a mask"
        yield Finding(Kind.NO_WORK, Weight.NOTE, "no word of a mask, so taken as dense", "", text)
