"""The process that stays warm, as its supervisor has it: started when it is needed, given orders,
and ended with all that it started."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Dict, Optional

from remote_payload.contract.layout import BUILDS
from remote_payload.processes.job_processes import KILL_S, Job
from remote_payload.warm.scratch import Scratch

_CHUNK_BYTES = 1 << 18
_ENDS_S = 1.0  # between the end of its answers and its own
BEGUN = {"begun": True}  # its first word on each order
# By a folder that leads to the latest snapshot, where `-m` would take the one of today.
_START = "import sys; sys.path[0] = {!r}; from remote_payload.warm import turns; turns.live()"


class Payload:
    """log, answers: descriptors to read from; -1 where there is no process. exit_status: of the one
    that ended last, negative by a signal; None where that was ours, or it lives."""

    def __init__(
        self, python: str, scratch: Scratch, workspace: Path, env: Dict[str, str], mark: str
    ) -> None:
        self._argv = [python, "-c", _START.format(str(scratch.code)), str(workspace / BUILDS)]
        self._scratch, self._env, self._mark = scratch, env, mark
        self._job: Optional[Job] = None
        self.log = self.answers = -1
        self._sockets, self._held = "", b""
        self._order: Dict[str, Any] = {}
        self._has_served = self._has_begun = False
        self.exit_status: Optional[int] = None

    def start(self) -> None:
        """Have it start to become warm."""
        self.answers, theirs = os.pipe()
        # Of a short name, as a socket's path has to be.
        self._sockets = tempfile.mkdtemp(prefix="bsk-")
        try:
            process = subprocess.Popen(
                [*self._argv, str(theirs), self._sockets],
                cwd=str(self._scratch.folder),
                env=self._env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(theirs,),
            )
        finally:
            os.close(theirs)
        assert process.stdout is not None
        self._job, self._held, self.log = Job(process, self._mark), b"", process.stdout.fileno()
        self._has_served = False
        os.set_blocking(self.log, False)
        os.set_blocking(self.answers, False)

    def order(self, order: Dict[str, Any]) -> None:
        """Have it carry out a turn; one that is gone is told by the end of its answers."""
        if self._job is None:
            self.start()
        assert self._job is not None
        self._order, self._has_begun = order, False
        stdin = self._job.process.stdin
        assert stdin is not None
        with contextlib.suppress(BrokenPipeError):
            stdin.write(json.dumps(order).encode() + b"\n")
            stdin.flush()

    def order_again(self) -> bool:
        """After `kill`: whether another one has its order now. Not where that had been begun, nor
        where it had served nobody yet: another would end as it did."""
        if self._has_begun or not self._has_served:
            return False
        self.order(self._order)
        return True

    def interrupt(self) -> None:
        """Have it end the turn, at once and whole."""
        if self._job is not None:
            with contextlib.suppress(ProcessLookupError):
                self._job.process.send_signal(signal.SIGTERM)

    def read_log(self) -> bytes:
        """What it has printed by now; empty if nothing."""
        try:
            data = os.read(self.log, _CHUNK_BYTES) if self.log >= 0 else b""
        except BlockingIOError:
            return b""
        if not data:
            self.log = -1
        return data

    def read_answer(self) -> Optional[Dict[str, Any]]:
        """Its answer, once that is whole; None before, and where it has ended."""
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.answers, _CHUNK_BYTES):
                self._held += data
            os.close(self.answers)
            self.answers = -1
        while b"\n" in self._held:
            line, _, self._held = self._held.partition(b"\n")
            answer: Dict[str, Any] = json.loads(line)
            if answer != BEGUN:
                self._has_served = True
                return answer
            self._has_begun = True
        return None

    def kill(self) -> None:
        """End it and all that it started, at once."""
        if self._job is None:
            return
        job, self._job = self._job, None
        if self.answers < 0:  # it has ended, or is about to: that is not to pass for our doing
            with contextlib.suppress(subprocess.TimeoutExpired):
                job.process.wait(_ENDS_S)
        self.exit_status = job.process.poll()
        job.signal(signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            job.process.wait(KILL_S)  # it is nobody's orphan, whom a sweep lets go of
        job.sweep(at_once=True)
        shutil.rmtree(self._sockets, ignore_errors=True)
        for stream in (job.process.stdin, job.process.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        if self.answers >= 0:
            os.close(self.answers)
        self.log = self.answers = -1
