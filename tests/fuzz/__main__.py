"""python -m tests.fuzz --count 20000 --seed 1: damage run files and read them; 1 if anything fell."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.reading import Fuzzer, Tally, quick_disk

# Between two lines of progress.
EVERY_S = 10.0


def main() -> int:
    """Print what fell, what was tried of each kind of file, and a last line of figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="mutations")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same mutations")
    parser.add_argument("--first", type=int, default=0, help="begin with this one, to see it again")
    parser.add_argument("more", nargs="*", type=Path, help="folders of real runs to damage as well")
    asked = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as place, quick_disk():
        fuzzer = Fuzzer(Path(place), asked.seed, tuple(asked.more))
        fuzzer.warm_up()
        told_s = time.monotonic()
        for number in range(asked.first, asked.first + asked.count):
            fallen = len(fuzzer.tally.fallen)
            fuzzer.trial(number)
            for told in fuzzer.tally.fallen[fallen:]:
                print(told, flush=True)
            if time.monotonic() - told_s > EVERY_S:
                told_s = time.monotonic()
                print(progress(fuzzer.tally, asked.count, told_s - started), file=sys.stderr)
    for kind, trials in sorted(fuzzer.tally.kinds.items()):
        print(f"{kind:<14} {trials:>6} mutations")
    print(summary(fuzzer.tally, asked.seed, time.monotonic() - started))
    return 1 if fuzzer.tally.fallen else 0


def progress(tally: Tally, count: int, took_s: float) -> str:
    """How far it is, on stderr."""
    fallen = f", {len(tally.fallen)} fell" if tally.fallen else ""
    return f"{tally.trials} of {count} mutations{fallen}; {took_s:.0f} s"


def summary(tally: Tally, seed: int, took_s: float) -> str:
    """The last line."""
    return (
        f"seed {seed}: {tally.trials} mutations, {tally.answered} commands answered, "
        f"{tally.refused} refused, {len(tally.fallen)} crashed or hung or stated nonsense; the "
        f"slowest took {tally.slowest_s:.2f} s ({tally.slowest}); {took_s:.0f} s in all"
    )


if __name__ == "__main__":
    sys.exit(main())
