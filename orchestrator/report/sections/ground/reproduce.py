"""Where the numbers come from, and how to get them again."""

from __future__ import annotations

from orchestrator.report.section import Section
from orchestrator.report.sections.ground.build import without_library
from orchestrator.report.view.sections import ReproduceView
from orchestrator.report.view.tables import Table
from orchestrator.report.wording import format as fmt
from orchestrator.values.run import Revision, Run
from remote_payload.contract.layout import LOG, REQUEST, RESULT


def reproduce(run: Run) -> ReproduceView:
    """The way back to the raw samples."""
    card, result = run.card, run.result
    digest = (result.build.library_digest if result and result.build else None) or fmt.NONE
    facts = [
        ("Run", card.run_id),
        ("Host (inventory name)", card.host),
        ("Snapshot of the sources", card.snapshot),
        *(_commit(one) for one in card.revisions),
        *(() if without_library(result) else (("Library digest", digest),)),
        ("Created", card.created_at),
        ("Orchestrator", card.orchestrator_version),
        *((("Files bound by their digests", str(len(card.files))),) if run.is_bound else ()),
    ]
    if result:
        facts += [("Started", result.started_at), ("Finished", result.finished_at)]
        facts += [("Seed", str(result.request.seed)), ("Schema", str(result.schema))]
    files = [("run.json", "the command's side of the run"), (REQUEST, "what was asked")]
    if result:
        files.append((RESULT, "facts and raw samples: every number above"))
    files.append((LOG, "the job's log"))
    rows = tuple((f"runs/{card.run_id}/{name}", what) for name, what in files)
    again = card.for_others().reproduce
    return ReproduceView(
        again, Table(("What", "Value"), tuple(facts)), Table(("File", "What it holds"), rows)
    )


def _commit(one: Revision) -> tuple[str, str]:
    """A commit says what the sources were only where nothing had been changed since."""
    words = "tree clean" if one.is_clean else "tree with changes that are in no commit"
    if one.is_clean is None:
        words = "git did not say in time whether the tree was clean"
    return f"Git commit of {one.of}" if one.of else "Git commit", f"{one.commit} ({words})"


def _summary(view: ReproduceView) -> str:
    return f"How to reproduce: {view.command}"


SECTION = Section(160, lambda page: (reproduce(page.run),), _summary)
