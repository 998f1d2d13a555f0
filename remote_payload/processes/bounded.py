"""Run a program that may hang, flood the disk or leave children behind, and end all of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, Optional, Sequence, Tuple

POLL_S = 0.05
JOIN_S = 5.0
OUTPUT_LIMIT_BYTES = 64 << 20


@dataclass(frozen=True)
class Ended:
    """exit_code: None if it did not end by itself; then `why` says what happened."""

    exit_code: Optional[int]
    why: str = ""
    timed_out: bool = False


def spoken(limit_s: float) -> str:
    """A time limit for people: "0.25 s", "1200 s", and never "1.2e+03 s"."""
    return f"{limit_s:.3g} s" if limit_s < 100 else f"{limit_s:.0f} s"


def run(
    argv: Sequence[str],
    output: Path,
    limit_s: float,
    cwd: Optional[str] = None,
    output_limit_bytes: int = OUTPUT_LIMIT_BYTES,
    meanwhile: Callable[[], None] = lambda: None,
    env: Optional[Dict[str, str]] = None,
    stopped: Optional[threading.Event] = None,
) -> Ended:
    """Run argv in a process group of its own; all it prints goes to the file `output`.

    After limit_s seconds, or output_limit_bytes printed, or once `stopped` is set, and in any case
    at the end, the whole group is killed. A program that cannot be started is an Ended too.
    meanwhile: called every POLL_S seconds while it runs. env: None for our own.
    """
    with open(output, "wb") as sink:
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=env,
                start_new_session=True,
            )
        except OSError as exc:
            return Ended(None, f"could not be started: {exc}")
    try:
        return _wait(process, output, limit_s, output_limit_bytes, meanwhile, stopped)
    finally:
        _end_group(process)


def ask(argv: Sequence[str], limit_s: float, cwd: Optional[str] = None) -> Tuple[Ended, str]:
    """How a short program ended, and what it said, errors included."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "said"
        ended = run(argv, output, limit_s, cwd)
        return ended, output.read_text(encoding="utf-8", errors="replace")


def _wait(
    process: subprocess.Popen[bytes],
    output: Path,
    limit_s: float,
    output_limit_bytes: int,
    meanwhile: Callable[[], None],
    stopped: Optional[threading.Event],
) -> Ended:
    end = time.monotonic() + limit_s
    while process.poll() is None:
        if time.monotonic() >= end:
            why = f"no end within {spoken(limit_s)}; it and all it had started were killed"
            return Ended(None, why, timed_out=True)
        if output.stat().st_size > output_limit_bytes:
            return Ended(None, f"printed more than {output_limit_bytes >> 20} MiB and was killed")
        if stopped is not None and stopped.is_set():
            return Ended(None, "was killed, as nobody waits for it any more")
        meanwhile()
        # Unlike a sleep, this ends with the program: most compilers' questions take milliseconds.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(POLL_S)
    code = process.returncode
    if code < 0:
        return Ended(code, f"was killed by signal {-code}")
    return Ended(code)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(JOIN_S)
    except subprocess.TimeoutExpired:
        # Stuck inside the GPU driver: not even the kernel can end it now.
        return
