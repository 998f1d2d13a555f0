"""Where a figure is from, in words that may leave this machine."""

from __future__ import annotations

from orchestrator.performance.objection import about
from orchestrator.report.comparing.alike import device_of
from orchestrator.report.figures import Figure, Figures
from orchestrator.report.wording import format as fmt
from orchestrator.report.wording.plain import words
from orchestrator.values.run import Revision, RunCard
from remote_payload.contract.result import Result


def name_of(row: Figure) -> str:
    """The same for one timing in every run, so that a series goes on."""
    return words(about(row.record))


def machine_of(result: Result) -> str:
    """The device that was timed."""
    return words(device_of(result))


def revision_of(card: RunCard) -> Revision | None:
    """Of the project's own sources, else of the first that git knows; None where it knows none."""
    own = [one for one in card.revisions if not one.of]
    return next(iter((*own, *card.revisions)), None)


def commit_of(card: RunCard) -> str:
    """In words: `1a2b3c4…, with edits`; what git did not know stands as unknown."""
    revision = revision_of(card)
    if revision is None:
        return "unknown"
    edits = {True: "", False: ", with edits", None: ", perhaps with edits"}
    return words(f"{revision.commit}{edits[revision.is_clean]}")


def verdict_of(row: Figure, figures: Figures) -> str:
    """Against its baseline: `FASTER than sdpa …` in the words of a report."""
    baseline = figures.result.baseline_of(row.record.provider)
    if row.record.provider == baseline:
        return "the baseline"
    if row.against is None:
        return "not judged"
    found = fmt.verdict(row.against, row.host_bound)
    return words(f"{found} against {baseline}: {fmt.times(row.against.speedup)}")
