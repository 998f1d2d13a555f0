"""Sync side by side: rsync, rsync over an open connection, Fabric's put, and ours.

    python -m benchmarks.sync                     everything: 0 and 100 ms, both trees (root)
    python -m benchmarks.sync --rtt-ms 0          without root
    python -m benchmarks.sync --size 100:2 --rounds 1 --no-page      a smoke run

A real sshd with keys of its own; every sync is checked byte for byte after its time is taken.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from benchmarks import page
from benchmarks.line import Line, NoLine, delayed, loopback
from benchmarks.measure import Order
from benchmarks.near import measured
from benchmarks.samples import Sample, Samples, machine, read_lines
from benchmarks.ways import Method

_REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = _REPOSITORY / "docs" / "performance.md"
SAMPLES = _REPOSITORY / "benchmarks" / "sync_samples.json"


def _size(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> tuple[tuple[int, int], ...]:
    try:
        return tuple((int(files), int(mb)) for files, mb in (text.split(":") for text in texts))
    except ValueError as error:
        raise click.BadParameter("expected FILES:MEGABYTES, e.g. 100:2") from error


@click.command(help=__doc__)
@click.option(
    "--rtt-ms", type=click.IntRange(0), multiple=True, default=(0, 100), show_default=True
)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    default=("100:2", "2000:40"),
    callback=_size,
    show_default=True,
    metavar="FILES:MB",
)
@click.option(
    "--method",
    "methods",
    type=click.Choice([m.name for m in Method]),
    multiple=True,
    default=[m.name for m in Method],
)
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True)
@click.option(
    "--place",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=lambda: Path("/dev/shm" if Path("/dev/shm").is_dir() else tempfile.gettempdir()),
    show_default="/dev/shm or the temporary folder",
    help="Disk for the trees and what arrives; memory keeps the disk's own noise out.",
)
@click.option(
    "--page/--no-page",
    "with_page",
    default=True,
    help="Write docs/performance.md and the samples beside this file.",
)
def main(
    rtt_ms: tuple[int, ...],
    sizes: tuple[tuple[int, int], ...],
    methods: tuple[str, ...],
    rounds: int,
    place: Path,
    with_page: bool,
) -> None:
    facts = machine() | {"files on": str(place)}
    taken: list[Sample] = []
    for delay in dict.fromkeys(rtt_ms):
        try:
            with delayed(delay) if delay else loopback() as line:
                with tempfile.TemporaryDirectory(prefix="bsk-sync-", dir=place) as folder:
                    order = Order(delay, sizes, methods, rounds, folder)
                    measured, found = _measure(line, order)
                facts[f"line of {delay} ms"] = f"{line.how}; TCP connects in {measured}"
                taken += found
        except NoLine as reason:
            raise click.ClickException(str(reason)) from reason
    samples = Samples(tuple(taken))
    text = page.render(samples, facts)
    click.echo(text)
    if with_page:
        samples.save(SAMPLES, facts)
        page.write(PAGE, text)
        click.echo(f"written: {PAGE}, {SAMPLES}", err=True)


def _measure(line: Line, order: Order) -> tuple[str, tuple[Sample, ...]]:
    """The measured round trip, and the samples, of one line."""
    round_trip, lines = measured(line, order, ("-m", "benchmarks.measure"))
    return round_trip, read_lines(lines)


if __name__ == "__main__":
    main()
