"""Watch the machine while a run is on, and ask what was seen between two moments.

Whoever looks is a process of its own that sleeps most of the time, so that neither a driver that
hangs nor one that crashes takes the run with it. It writes into a file without a name, and ends
when the pipe to its parent does.
"""

from __future__ import annotations

import bisect
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, List, Optional, Sequence, Tuple

from remote_payload.contract.case import Case
from remote_payload.contract.tools.throttle import POWER_CAP, holding
from remote_payload.contract.watched import Watched
from remote_payload.contract.words import Method
from remote_payload.machine.watch import seen
from remote_payload.machine.watch.rows import GpuRow, Row, read
from remote_payload.machine.watch.seen import Turn

PERIOD_S = 0.2
_SAMPLER = "remote_payload.machine.watch.sampler"
_ROOT = Path(__file__).absolute().parents[3]
_SETTLE_S = 1.0
_POLL_S = 0.002
_END_S = 2.0


class Watch:
    """Use as a context manager. Nothing in it ever fails: what cannot be had was not seen.

    gpu: UUID or index of the GPU, as nvidia-smi counts; None for a run on the CPU alone.
    """

    def __init__(self, gpu: Optional[str] = None, period_s: float = PERIOD_S) -> None:
        self._gpu, self._period_s = gpu, period_s
        self._sampler: Optional[subprocess.Popen[bytes]] = None
        self._file: Optional[IO[bytes]] = None
        self._read_bytes, self._rest = 0, b""
        self._rows: List[Row] = []
        self._silent = False
        self._held: List[Tuple[float, Tuple[str, ...]]] = []

    def __enter__(self) -> Watch:
        argv = [sys.executable, "-m", _SAMPLER]
        argv += [str(os.getpid()), self._gpu or "", str(self._period_s)]
        with contextlib.suppress(OSError):
            self._file = tempfile.TemporaryFile()
            self._sampler = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=self._file,
                stderr=subprocess.DEVNULL,
                cwd=str(_ROOT),
            )
        return self

    def __exit__(self, *_: object) -> None:
        """What was seen can still be asked for."""
        self._take()
        if self._sampler is not None and self._sampler.stdin is not None:
            with contextlib.suppress(OSError):
                self._sampler.stdin.close()
            try:
                self._sampler.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._sampler.kill()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._sampler.wait(_END_S)
        if self._file is not None:
            self._file.close()
        self._sampler = self._file = None

    def settle(self) -> None:
        """Wait until somebody has looked once more, so that the last turn can be asked about.

        At most a second; whoever was silent for that long is not waited for again.
        """
        asked_s = time.monotonic()
        self._ask()
        while not self._silent:
            self._take()
            if self._rows and self._rows[-1].at_s >= asked_s:
                return
            over = self._sampler is None or self._sampler.poll() is not None
            self._silent = over or time.monotonic() > asked_s + _SETTLE_S
            time.sleep(_POLL_S)

    def _ask(self) -> None:
        """Have it look at once."""
        if self._sampler is not None and self._sampler.stdin is not None:
            with contextlib.suppress(OSError):
                self._sampler.stdin.write(b"\n")
                self._sampler.stdin.flush()

    def between(self, began_s: float, ended_s: float) -> Tuple[Row, ...]:
        """The rows of that time, by the monotonic clock, in order."""
        self._take()
        return tuple(row for row in self._rows if began_s <= row.at_s <= ended_s)

    def reasons(self, began_s: float, ended_s: float) -> Tuple[str, ...]:
        """Why the GPU held its clocks back then, or just before or after, as a turn may be shorter
        than the time between two looks; settings and idleness are no reason."""
        self._take()
        first = bisect.bisect_left(self._held, (began_s - self._period_s, ()))
        last = bisect.bisect_left(self._held, (ended_s + self._period_s, ()))
        return tuple(sorted({name for _, names in self._held[first:last] for name in names}))

    def held_back(self, turns: Sequence[Turn]) -> Tuple[int, ...]:
        """Numbers of those turns of one provider that were taken under a throttle.

        The cap on the power counts where it came and went: whoever is under it in most turns runs
        at the clock that its own power leaves it, and would have no turn left.
        """
        reasons = [self.reasons(*turn) for turn in turns]
        capped = sum(POWER_CAP in each for each in reasons)
        own = {POWER_CAP} if 2 * capped > len(turns) else set()
        return tuple(number for number, each in enumerate(reasons) if set(each) - own)

    def watched(self, case: Case, method: Method, turns: Sequence[Turn]) -> Optional[Watched]:
        """What was seen during the turns of a race, all providers together; None if nothing."""
        if not turns:
            return None
        self._take()
        began_s, ended_s = min(b for b, _ in turns), max(e for _, e in turns)
        margin_s = max(1.0, 2 * self._period_s)
        rows = [r for r in self._rows if began_s - margin_s <= r.at_s <= ended_s + margin_s]
        return seen.watched(case, method, turns, rows, self._period_s)

    def _take(self) -> None:
        """Read what was written since; the last line may still be open."""
        if self._file is None:
            return
        with contextlib.suppress(OSError, ValueError):
            while said := os.pread(self._file.fileno(), 1 << 20, self._read_bytes):
                self._read_bytes += len(said)
                *lines, self._rest = (self._rest + said).split(b"\n")
                self._enter(read(lines))

    def _enter(self, rows: Sequence[Row]) -> None:
        self._rows += rows
        for row in rows:
            if isinstance(row, GpuRow) and holding(row.reasons or ()):
                bisect.insort(self._held, (row.at_s, holding(row.reasons or ())))
