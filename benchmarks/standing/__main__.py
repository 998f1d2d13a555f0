"""Whether verdicts stand, by the real command line on this machine, which needs no GPU.

An identical copy of a provider is never to be called FASTER or SLOWER in 40 reports, and one that
is slowed by 5 % is to be called SLOWER in at least 19 of 20, given --budget 3m. Settings: local, on
this machine; ssh, over a real sshd on the loopback; busy, local beside a process that takes a core.

Each report is kept in a file as soon as it is made. The same command goes on where it was stopped.
The table on stdout is made from that file; the exit status is 1 if a goal is missed.

\b
Example:
  python -m benchmarks.standing --keep standing.jsonl        some hours
  python -m benchmarks.standing --keep quick.jsonl --quick --settings local
  python -m benchmarks.standing --table standing.jsonl
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.line import exit_now
from benchmarks.standing.asking import ask
from benchmarks.standing.kept import append, read
from benchmarks.standing.settings import SETTINGS, standing
from benchmarks.standing.table import missed, render

_FULL, _QUICK = (40, 20), (2, 1)
_COUNT = click.IntRange(0)
_FILE = click.Path(path_type=Path, dir_okay=False)


def _settings(_context: click.Context, _option: click.Parameter, given: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(given.split(",")))
    for name in names:
        if name not in SETTINGS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(SETTINGS)}")
    return names


@click.command(help=__doc__)
@click.option("--reports", type=_COUNT, help="With a copy, in each setting. Default: 40.")
@click.option("--slowed", type=_COUNT, help="So many, the first, with a slowed one. Default: 20.")
@click.option("--settings", default=",".join(SETTINGS), show_default=True, callback=_settings)
@click.option("--quick", is_flag=True, help="2 reports, 1 with a slowed one, unless told others.")
@click.option("--keep", type=_FILE, help="Add every report to this file, a line of JSON each.")
@click.option("--table", type=_FILE, help="Measure nothing: print the table of this file.")
def main(
    reports: int | None,
    slowed: int | None,
    settings: tuple[str, ...],
    quick: bool,
    keep: Path | None,
    table: Path | None,
) -> None:
    if (keep is None) == (table is None):
        raise click.UsageError("say --keep FILE to measure, or --table FILE for what was kept")
    if keep is not None:
        usual = _QUICK if quick else _FULL
        wanted = usual[0] if reports is None else reports
        with_slower = min(usual[1], wanted) if slowed is None else slowed
        if with_slower > wanted:
            raise click.UsageError(f"--slowed {with_slower} is more than --reports {wanted}")
        # Ctrl-C ends what was started by itself; so must an ordinary kill, or a closed terminal.
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, lambda *_: exit_now())
        for setting in settings:
            _measure(setting, wanted, with_slower, keep)
    elif table is not None and not table.exists():
        raise click.UsageError(f"--table {table}: there is no such file; --keep writes one")
    kept = read(keep or table or Path())
    click.echo(render(kept))
    goals = tuple(missed(kept))
    for line in goals:
        click.echo(f"missed: {line}", err=True)
    sys.exit(bool(goals))


def _measure(setting: str, reports: int, slowed: int, keep: Path) -> None:
    """Make those that are not kept yet; one that broke is made again."""
    had = {one.key for one in read(keep) if not one.broke}
    wanted = [(number, number <= slowed) for number in range(1, reports + 1)]
    left = [one for one in wanted if (setting, *one) not in had]
    click.echo(f"{setting}: {len(left)} of {reports} reports to make", err=True)
    if not left:
        return
    with (
        tempfile.TemporaryDirectory(prefix="bsk-standing-", ignore_cleanup_errors=True) as folder,
        standing(setting, Path(folder) / setting) as place,
    ):
        for number, with_slower in left:
            report = ask(place, number, with_slower)
            append(keep, report)
            click.echo(report.words, err=True)


if __name__ == "__main__":
    main()
