"""import-ncu: a page of counters from a file of Nsight Compute, offline."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli.given import options
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb

VERB = Verb("import-ncu", "Show what a Nsight Compute file says.", 160)


@click.command("import-ncu")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=options.OUTPUT,
    help="Write here instead of printing.",
)
@options.json_option
@click.make_pass_decorator(Session, ensure=True)
def import_ncu(session: Session, file: Path, output: Path | None, as_json: bool) -> int:
    """Show the counters in FILE: a .ncu-rep, or what ncu printed, as CSV or as text.

    Neither a GPU nor ncu is needed. What the file does not hold is named, never taken as zero.
    Prints words for a terminal; -o FILE is Markdown, or words where it ends with .txt.
    A .ncu-rep is read by NVIDIA's package: pip install 'blackwell-sparsek[ncu]'.

    \b
    Example:
      orchestrator import-ncu attention.ncu-rep -o counters.md
      orchestrator import-ncu raw.csv --json
    """
    from orchestrator.report.printing.form import Form
    from orchestrator.workflows.publishing import import_ncu as workflow

    options.require_suffix(output, options.JSON if as_json else options.MARKDOWN)
    options.refuse_to_overwrite(output, session.runs_folder, file)
    with console.progress() as progress:
        source = workflow.import_file(file, progress)
        # A terminal gets words, a file what its name says.
        in_words = output is None or output.suffix.lower() == ".txt"
        form = Form.TEXT if in_words else Form.MARKDOWN
        text = workflow.document(source, progress) if as_json else workflow.markdown(source, form)
    if output is None:
        console.page(text.rstrip("\n"))
    else:
        to_stdout = options.is_own_stdout(output)
        workflow.write(text, output)
        if not to_stdout:
            console.out(str(output))
    return 0
