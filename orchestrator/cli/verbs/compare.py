"""compare: two stored runs side by side, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import gating, what_next
from orchestrator.cli.given import forms, gate_options, options, outputs
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb, verbs
from orchestrator.report.exporting.names import Format

if TYPE_CHECKING:
    from orchestrator.workflows.publishing.compare import Compared

VERB = Verb("compare", "Set two runs side by side, offline.", 150)


@click.command()
@click.argument("before", metavar="RUN")
@click.argument("after", metavar="RUN")
@click.option(
    "-o",
    "--output",
    type=options.OUTPUT,
    help="Write the page here, as the name ends: .md, as a comment on GitHub can hold it, .txt, "
    ".html.",
)
@gate_options.gate_options
@forms.form_options
@click.pass_obj
def compare(session: Session, /, before: str, after: str, output: Path | None, **given: Any) -> int:
    """Compare two runs: the first is before, the second after.

    Judged is each provider against its own run's baseline, by how much runs of one code differ as
    the other runs here tell. What the compiler said of the kernels and measured ceilings are
    compared too. A RUN is an id, a unique prefix, `latest` (that was to time something), `latest~1`
    (the one of them before it), `latest:bench`, `latest@h100~1`, a tag, a git revision or a path.
    Prints words for a terminal, the verdict first, then whether the runs may be compared at all,
    then the rows, the worst first; --markdown the same for a pull request. No network and no GPU
    are needed. A result that is not what came home is no evidence, and is refused.

    Without one of the options of a gate the exit code is 0, whatever was found. With one it is 0 if
    nothing is slower, 1 if something is slower or broke, 6 if nothing was decided or compared, or
    something is not there any more; stderr says which and why (docs/exit-codes.md).

    \b
    Example:
      orchestrator compare latest~1 latest
      orchestrator compare 20261122-1015 latest
      orchestrator compare 20261122-1015 latest --fail-on-regression
      orchestrator compare 20261122-1015 latest --threshold 2% --require-conclusive
      orchestrator compare 20261122-1015 latest --json
      orchestrator compare main latest --format github -o comment.md
      orchestrator compare latest~1 latest --format csv > rows.csv
    """
    from orchestrator.workflows.publishing.compare import compare as workflow

    form, policy = forms.asked(given), gate_options.policy(given)
    options.require_suffix(output, options.PAGES)
    options.refuse_to_overwrite(output, session.runs_folder, *outputs.always_read(session))
    if form is not None:
        options.refuse_own_stdout(output, forms.typed(form))
    own = session.around.templates
    found = workflow(session.runs, before, after, policy=policy, race=_race(), own=own)
    if output is not None:
        with outputs.named(output):
            found.write(output)
    has_figures = _printed(found, form or Format.TEXT) if form or output is None else True
    if form is None and output is not None and not options.is_own_stdout(output):
        console.out(found.verdict)
        console.out(found.first)
        console.out(str(output))
    report = what_next.command("report", found.after)
    if policy is not None:
        gating.require(found.ruling, broke=found.broke, hint=found.hint, look=report)
    if form is not None and not has_figures:
        raise forms.nothing(form, f"the comparison with {found.after}", report)
    console.next_step(report)
    return 0


def _printed(found: Compared, form: Format) -> bool:
    """What was asked for; whether there was a figure to print where that is about figures."""
    if form is Format.JSON:
        console.out_json(found.document)
        return True
    return forms.show(found.exported(form))


def _race() -> str:
    """How two codes are compared in one run, as far as profile can do that."""
    from orchestrator.report.comparing.between import AGAINST, IN_ONE_RUN

    profile = next(verb for verb in verbs() if verb.name == "profile").command()
    known = any("--against" in param.opts for param in profile.params)
    return AGAINST if known else IN_ONE_RUN
