"""runs archive, runs import: runs in one file."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli import what_next
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session

_ENDING = ".tar.gz"


@click.command()
@click.argument("run", nargs=-1, required=True)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.tar.gz",
    help="Write here. Default: the run's name with .tar.gz, in this folder.",
)
@click.pass_obj
def archive(session: Session, run: tuple[str, ...], target: Path | None) -> None:
    """Pack runs into one file, to put away or to pass on; they stay where they are.

    A run's log and artifacts go in as they came home: read them before you pass them on.

    \b
    Example:
      orchestrator runs archive latest
      orchestrator runs archive paper latest~1 --to paper.tar.gz
    """
    from orchestrator.store.archive.packing import pack

    folders = [*dict.fromkeys(session.runs.resolve(one).resolve() for one in run)]
    if target is None and len(folders) > 1:
        raise click.UsageError("several runs go into one file: say which with --to FILE.tar.gz")
    if target is not None and not target.name.endswith((_ENDING, ".tgz")):
        raise click.BadParameter(
            f"{target.name}: expected a name that ends with {_ENDING}", param_hint="'--to'"
        )
    file = target or Path(f"{folders[0].name}{_ENDING}")
    number = pack(folders, file)
    console.out(f"{file}: {len(folders)} {'run' if len(folders) == 1 else 'runs'}, {number} files")
    console.next_step(what_next.command("runs", "import", str(file)))


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def import_(session: Session, file: Path) -> None:
    """Take runs out of an archive that `runs archive` made; they are kept as runs of this folder.

    Each is held against the digests in its own card, and none takes the place of another run.

    \b
    Example:
      orchestrator runs import paper.tar.gz
      orchestrator --runs elsewhere runs import paper.tar.gz
    """
    from orchestrator.store.archive.unpacking import unpack

    came = unpack(file, session.runs)
    for folder in came.new:
        console.out(str(folder))
    for name in came.known:
        console.note(f"{name} is here already")
    shown = came.new[-1].name if came.new else came.known[-1]
    console.next_step(what_next.command("runs", "show", shown))
