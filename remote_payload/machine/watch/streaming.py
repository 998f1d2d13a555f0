"""The GPU by nvidia-smi, started once and left to print: a row of state, and who computes there."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

from remote_payload.machine import nvidia_smi
from remote_payload.machine.watch.rows import GpuRow

BY = "nvidia-smi"
COMPANY_EVERY_S = 1.0
_READ_BYTES = 1 << 16
_MS_PER_S = 1e3
# What it prints into a pipe may be kept for a while; a time further off is of another clock.
_KEPT_S = 30.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_STATE = ("clocks.sm", "clocks.mem", "power.draw", "power.limit", "temperature.gpu")
_MARGIN = "temperature.gpu.tlimit"
# From the newest driver to the oldest: what one does not know ends the whole query.
_QUERIES: Tuple[Tuple[str, ...], ...] = (
    ("timestamp", *_STATE, _MARGIN, "clocks_event_reasons.active"),
    ("timestamp", *_STATE, "clocks_event_reasons.active"),
    ("timestamp", *_STATE, "clocks_throttle_reasons.active"),
    ("timestamp", *_STATE),
)


class Printing:
    """One nvidia-smi that prints on and on; ended with this process, however that ends."""

    def __init__(self, query: str, gpu: str, every_s: float) -> None:
        """OSError where there is none."""
        argv = ["nvidia-smi", query, "--format=csv,noheader,nounits", f"--id={gpu}"]
        argv.append(f"--loop-ms={every_s * _MS_PER_S:.0f}")
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=_last_wish(),
        )
        assert self._process.stdout is not None
        self._fd = self._process.stdout.fileno()
        os.set_blocking(self._fd, False)
        self._rest = b""
        self._open = True

    @property
    def pid(self) -> int:
        return self._process.pid

    def fileno(self) -> int:
        return self._fd

    @property
    def over(self) -> bool:
        """It has ended, and all that it printed was read."""
        return not self._open

    def rows(self) -> List[List[str]]:
        """The cells of the whole lines that came since."""
        try:
            said = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return []
        except OSError:
            said = b""
        self._open = bool(said)
        *lines, self._rest = (self._rest + said).split(b"\n")
        return nvidia_smi.parse_rows("\n".join(each.decode(errors="replace") for each in lines))

    def end(self) -> None:
        """At once; one that hangs in the driver is left to it."""
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        assert self._process.stdout is not None
        self._process.stdout.close()


class State:
    """Clocks, power, temperature and reasons, by the words that this driver knows."""

    def __init__(self, gpu: str, every_s: float) -> None:
        self._gpu, self._every_s = gpu, every_s
        self._queries = list(_QUERIES)
        self._known = False
        self._printing: Optional[Printing] = None
        self._next()

    def sources(self) -> List[Printing]:
        """What there is to wait for."""
        return [] if self._printing is None else [self._printing]

    def rows(self) -> List[GpuRow]:
        """What was printed since."""
        if self._printing is None:
            return []
        found = [row for cells in self._printing.rows() if (row := self._row(cells)) is not None]
        self._known = self._known or bool(found)
        if self._printing.over:
            self.end()
            if not self._known:
                self._next()
        return found

    def end(self) -> None:
        if self._printing is not None:
            self._printing.end()
            self._printing = None

    def _next(self) -> None:
        if self._queries:
            self._fields = self._queries.pop(0)
            query = f"--query-gpu={','.join(self._fields)}"
            self._printing = Printing(query, self._gpu, self._every_s)

    def _row(self, cells: Sequence[str]) -> Optional[GpuRow]:
        if len(cells) != len(self._fields):
            return None
        values: Dict[str, str] = dict(zip(self._fields, cells))
        number = nvidia_smi.number
        at_s = moment_s(values["timestamp"])
        if at_s is None:
            return None
        reasons = next((cell for name, cell in values.items() if "reasons" in name), "")
        return GpuRow(
            at_s=at_s,
            sm_clock_mhz=number(values["clocks.sm"]),
            memory_clock_mhz=number(values["clocks.mem"]),
            power_w=number(values["power.draw"]),
            power_limit_w=number(values["power.limit"]),
            temperature_c=number(values["temperature.gpu"]),
            margin_c=number(values.get(_MARGIN, "")),
            reasons=nvidia_smi.reasons(reasons),
            by=BY,
        )


class Company:
    """Who computes on the GPU. All lines of one look come at once, and none where nobody does."""

    def __init__(self, gpu: str) -> None:
        query = "--query-compute-apps=timestamp,pid"
        self._printing: Optional[Printing] = Printing(query, gpu, COMPANY_EVERY_S)
        self._open: List[Tuple[float, Optional[int]]] = []
        self._last_s = time.monotonic()

    def sources(self) -> List[Printing]:
        """What there is to wait for."""
        return [] if self._printing is None else [self._printing]

    def looks(self, answering: bool) -> List[Tuple[float, Optional[List[int]]]]:
        """When it looked since, and the processes that it saw; None where it does not tell them.

        answering: the driver gives answers just now, so that silence means that nobody is there.
        """
        if self._printing is None:
            return []
        for cells in self._printing.rows():
            at_s = moment_s(cells[0]) if len(cells) == 2 else None
            if at_s is not None:
                pid = nvidia_smi.number(cells[1])
                self._open.append((at_s, None if pid is None else int(pid)))
        now_s, found = time.monotonic(), []
        while self._open and now_s - self._open[0][0] > COMPANY_EVERY_S / 2:
            found.append(self._first_look())
        if found:
            self._last_s = now_s
        elif answering and not self._open and now_s - self._last_s > 2 * COMPANY_EVERY_S:
            self._last_s = now_s - COMPANY_EVERY_S
            found.append((now_s, []))
        if self._printing.over:
            self.end()
        return found

    def end(self) -> None:
        if self._printing is not None:
            self._printing.end()
            self._printing = None

    def _first_look(self) -> Tuple[float, Optional[List[int]]]:
        at_s = self._open[0][0]
        of_it = [pid for when_s, pid in self._open if when_s - at_s <= COMPANY_EVERY_S / 2]
        self._open = self._open[len(of_it) :]
        pids = [pid for pid in of_it if pid is not None]
        return at_s, pids if len(pids) == len(of_it) else None


def moment_s(stamp: str) -> Optional[float]:
    """The monotonic clock's time of nvidia-smi's local one, "2026/11/29 22:16:12.345"."""
    now_s = time.monotonic()
    whole, _, rest = stamp.strip().partition(".")
    try:
        local_s = time.mktime(time.strptime(whole, "%Y/%m/%d %H:%M:%S")) + float(f"0.{rest or 0}")
    except (ValueError, OverflowError):
        return None
    at_s = now_s - (time.time() - local_s)
    return at_s if now_s - _KEPT_S <= at_s <= now_s else now_s


def _last_wish() -> Optional[Callable[[], Any]]:
    """What lets the kernel end a child with its parent, also one that has nothing to print."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        import ctypes

        ask = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None
    return lambda: ask(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
