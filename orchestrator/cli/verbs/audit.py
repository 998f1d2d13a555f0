"""audit: what files of results from elsewhere claim, held against themselves and physics."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli import what_next
from orchestrator.cli.given import options
from orchestrator.cli.screen import console
from orchestrator.cli.verb import Verb
from orchestrator.errors import GateFailed, NothingDecided

VERB = Verb("audit", "Find what contradicts itself in files of results.", 155)


@click.command()
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.json_option
def audit(files: tuple[Path, ...], as_json: bool) -> int:
    """Hold what files of results claim against themselves and against physics.

    A FILE is a table (CSV, tabs, Markdown), JSON or JSON lines of any make, JSON of NVBench,
    pytest-benchmark or Google Benchmark, FlashInfer traces, or the folder of a run of ours. Each
    objection comes with its arithmetic; what was not recognised is named, and counts for nothing.
    Several files are audited each, and then whether they are of the same cases. No network and no
    GPU are needed, and nothing in a file is run.

    0: audited, and nothing contradicts. 1: something does. 6: nothing could be judged, which is
    not the same as nothing being wrong. 2: a file cannot be read, or is none of these.

    \b
    Example:
      orchestrator audit results.csv
      orchestrator audit ours.csv theirs.csv
      orchestrator audit nvbench.json runs/20261122-1015 --json
    """
    from orchestrator.workflows.publishing.audit import audited

    found = audited(files)
    if as_json:
        console.out_json(found.document)
    else:
        console.page(found.text)
    again = found.again or what_next.command("profile", "--host", "local")
    if found.contradicting:
        names = ", ".join(found.contradicting)
        number = f"{len(found.contradicting)} of {len(files)}"
        raise GateFailed(f"{number} contradict themselves or physics: {names}", hint=again)
    if found.open_files:
        raise NothingDecided(
            f"nothing could be judged in {', '.join(found.open_files)}: times, rates and shapes "
            "are needed, in columns or keys such as time_ms, tflops, B, H, S, D",
            hint=again,
        )
    if found.apart:
        raise NothingDecided(f"no case in common: {'; '.join(found.apart)}", hint=again)
    console.next_step(again)
    return 0
