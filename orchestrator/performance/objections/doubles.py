"""Rows that stand there twice, and samples that are not all that were taken, or no others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from orchestrator.performance.objection import Objection, Severity, about, timed
from remote_payload.contract.result import Result

# So many different figures in a row do not come again by chance, whatever the timer's grid.
_TELLING = 8


def twice(result: Result) -> Iterator[Objection]:
    """A result has one record of each kind: which of two holds, nobody knows."""
    checks = Counter(
        f"{check.provider}, {check.case.label}{', emulated' * check.emulated}"
        for check in result.checks
    )
    for names, what in ((checks, "check"), (Counter(map(about, result.bench)), "timing")):
        for name, number in names.items():
            if number > 1:
                text = f"there are {number} records of this {what}, and a run makes one"
                yield Objection(Severity.ERROR, name, text)


def chosen_samples(result: Result) -> Iterator[Objection]:
    """All of a race give equally many samples, as many as their starts say."""
    most: dict[object, int] = {}
    for record in timed(result):
        race = (record.case, record.method)
        most[race] = max(most.get(race, 0), len(record.samples_us))
    for record in timed(result):
        number, told = len(record.samples_us), sum(record.starts)
        all_of_race = most[(record.case, record.method)]
        if record.starts and told != number:
            text = f"{number} samples, where its starts gave {told}"
            yield Objection(Severity.ERROR, about(record), text)
        elif number < all_of_race:
            text = (
                f"{number} samples, where others of its race have {all_of_race}: they are not all "
                "that were taken"
            )
            yield Objection(Severity.ERROR, about(record), text)


def repeated_samples(result: Result) -> Iterator[Objection]:
    """Samples that come again as they were, to the last digit, as no clock gives them."""
    for record in timed(result):
        if length := _repeated(record.samples_us):
            text = f"its samples are the same {length} again and again, to the last digit"
            yield Objection(Severity.ERROR, about(record), text)


def _repeated(samples_us: tuple[float, ...]) -> int:
    """The length of the block of which the samples consist more than once; 0 if of none."""
    number = len(samples_us)
    for length in range(_TELLING, number // 2 + 1):
        block = samples_us[:length]
        whole = number % length == 0 and samples_us == block * (number // length)
        if whole and len(set(block)) >= _TELLING:
            return length
    return 0
