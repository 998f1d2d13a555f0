"""`python -m tests.gpu_stand_in.rehearsal CASE [-- command...]`; README.md of this folder says more.

Carries the tree to a fresh folder, runs the command on the stand-in machine, kills it at LIMIT_S as
a machine is taken away, and prints what came home and when.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.gpu_stand_in import homecoming
from tests.gpu_stand_in.cases import CASES
from tests.gpu_stand_in.machine import Machine, NoMachine, travel

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (".ci/gpu", "first", "--rehearse")
LIMIT_S = 600.0
_POLL_S = 0.5
_UNFIT = 4


@dataclass(frozen=True)
class Ended:
    """status: None where the limit came first."""

    status: int | None
    seconds: float


def main(arguments: Sequence[str]) -> int:
    """Rehearse; 0 whatever the command's status was, 4 if there is no stand-in machine here."""
    given = _parse(arguments)
    home = Path(os.environ.get("STAND_IN_HOME", Path.home() / ".cache" / "gpu_stand_in"))
    folder = Path(tempfile.mkdtemp(prefix=f"contact-{given.case}-", dir=os.environ.get("ROOM")))
    machine = Machine(home.resolve(), folder, given.case)
    try:
        machine.set_up()
    except NoMachine as exc:
        print(f"contact: {exc}", file=sys.stderr)
        return _UNFIT
    tree, out = folder / "tree", folder / "out"
    out.mkdir()
    travel(ROOT, tree, wheelhouse=given.case != "no-wheelhouse")
    watch = homecoming.Watch(tree, out)
    ended = run(machine, tree, out, tuple(given.command) or COMMAND, watch)
    print(f"== {given.case}: {' '.join(given.command or COMMAND)}, in {folder}")
    how = "killed at the limit" if ended.status is None else f"exit status {ended.status}"
    print(f"{how} after {ended.seconds:.1f} s; all it printed is in {folder / 'log.txt'}")
    print("\n".join(watch.lines()))
    return 0


def run(
    machine: Machine, tree: Path, out: Path, command: Sequence[str], watch: homecoming.Watch
) -> Ended:
    """Run to the end or to LIMIT_S; then nothing of it is left."""
    limit_s = float(os.environ.get("LIMIT_S", LIMIT_S))
    with (machine.room / "log.txt").open("wb") as log:
        started = time.monotonic()
        process = subprocess.Popen(
            machine.enter(list(command)),
            cwd=tree,
            env=machine.environment(out),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None and time.monotonic() - started < limit_s:
                watch.look(time.monotonic() - started)
                time.sleep(_POLL_S)
            status = process.poll()
        finally:
            # unshare's child is the first process of its namespace: with it, all others die.
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        seconds = time.monotonic() - started
        watch.look(seconds)
    return Ended(status, seconds)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    cases = "\n".join(f"  {name:18} {what}" for name, what in CASES.items())
    parser = argparse.ArgumentParser(
        prog="contact",
        description=f"cases:\n{cases}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("case", choices=CASES, metavar="CASE")
    parser.add_argument("command", nargs="*", help=f"default: {' '.join(COMMAND)}")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
