"""The program that looks: a few times a second, until whoever started it is gone.

argv: the process whose descendants are ours, the GPU (its UUID or index, or nothing), and seconds
between two looks. It prints a line for each row, and waits on stdin, which ends with its parent;
what comes in there asks for a look at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from typing import List, Optional, Sequence

from remote_payload.machine.watch import nvml, rows, streaming
from remote_payload.machine.watch.cpu import Cpus
from remote_payload.machine.watch.own import OwnProcesses

# Of one CPU, at most: on a machine on which a look is dear, looks are rare.
MOST_COST = 0.01
_COMPANY_EVERY_S = streaming.COMPANY_EVERY_S
_STDOUT = 1
_ASKED_BYTES = 1 << 12


class Gone(Exception):
    """Nobody waits for what is seen any more."""


class Sampler:
    """All that is looked at."""

    def __init__(self, root: int, gpu: str, period_s: float) -> None:
        self._own = OwnProcesses(root)
        self._cpus = Cpus(self._own)
        self._period_s = period_s
        self._company_due_s = 0.0
        self._nvml: Optional[nvml.Nvml] = None
        self._state: Optional[streaming.State] = None
        self._company: Optional[streaming.Company] = None
        self._heard_s = 0.0
        if not gpu:
            return
        try:
            self._nvml = nvml.Nvml(gpu)
        except Exception:
            with contextlib.suppress(OSError):
                self._state = streaming.State(gpu, period_s)
                self._company = streaming.Company(gpu)

    def run(self) -> None:
        """Until stdin ends."""
        due_s = time.monotonic()
        while True:
            if self._wait(due_s):
                self._look()
                continue
            began_s, before = time.monotonic(), time.process_time()
            self._look()
            spent_s = time.process_time() - before
            due_s = max(due_s, began_s - self._period_s)
            due_s += max(self._period_s, spent_s / MOST_COST)

    def end(self) -> None:
        """What was started ends."""
        for each in (self._state, self._company):
            if each is not None:
                each.end()

    def _wait(self, until_s: float) -> bool:
        """Sleep; what is printed meanwhile is read. True: somebody asks for a look."""
        while True:
            left_s = max(0.0, until_s - time.monotonic())
            ready, _, _ = select.select([sys.stdin, *self._printing()], [], [], left_s)
            if sys.stdin in ready:
                if not os.read(sys.stdin.fileno(), _ASKED_BYTES):
                    raise Gone
                if self._state is None:  # else it looks when it does, and cannot be hurried
                    return True
            if not ready:
                return False
            self._hear()

    def _printing(self) -> List[streaming.Printing]:
        sources = (self._state, self._company)
        return [one for each in sources if each is not None for one in each.sources()]

    def _hear(self) -> None:
        if self._state is not None:
            for row in self._state.rows():
                self._heard_s = time.monotonic()
                _tell(row)
        if self._company is not None:
            answering = time.monotonic() - self._heard_s < _COMPANY_EVERY_S
            for at_s, pids in self._company.looks(answering):
                self._tell_company(at_s, pids)

    def _look(self) -> None:
        """The CPUs come last: who has asked for a look waits for any row, and has all then."""
        if self._nvml is None:
            self._hear()
        else:
            row = self._nvml.look()
            _tell(row)
            if row.at_s >= self._company_due_s:
                self._company_due_s = row.at_s + _COMPANY_EVERY_S
                self._tell_company(row.at_s, self._nvml.pids())
        cpu = self._cpus.look(source.pid for source in self._printing())
        if cpu is not None:
            _tell(cpu)

    def _tell_company(self, at_s: float, pids: Optional[Sequence[int]]) -> None:
        if pids is None:
            return
        self._own.meet()
        ours = self._own.ever
        others = sum(pid not in ours for pid in pids)
        if others == len(pids):
            # A container knows its processes by other numbers than the driver.
            others = max(0, others - self._own.holders())
        _tell(rows.CompanyRow(at_s, others))


def _tell(row: rows.Row) -> None:
    text = rows.line(row)
    while text:
        text = text[os.write(_STDOUT, text) :]


def main() -> int:
    """Look until told otherwise; silent about everything else."""
    root, gpu, period_s = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sampler = Sampler(root, gpu, period_s)
    try:
        with contextlib.suppress(Gone, OSError, KeyboardInterrupt):
            sampler.run()
    finally:
        sampler.end()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
