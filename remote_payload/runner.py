"""Supervise one detached job: start it, hold its limits, and never lose how it ended.

Run by the job agent as `python3 -IS runner.py JOB_DIR CODE_DIR WORKSPACE`, in its own session,
so that neither a dropped connection nor a sleeping laptop touches the job. Standard library
and the files beside it only; works without /proc, less thoroughly.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Optional

if __name__ == "__main__":
    # Isolated as we are, Python does not look beside this file, and must leave nothing there.
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from remote_payload.contract import layout
from remote_payload.machine import device_lock, environment
from remote_payload.machine.device_lock import DeviceLock
from remote_payload.processes import digest, job_processes, snapshot
from remote_payload.processes.job_processes import Job

POLL_S = 0.05
HEARTBEAT_S = 5.0
GRACE_S = 5.0
END_BYTES = 4096
FULL_BYTES = 1 << 16
TOLD_LOOKS = 20


def start_ticks(pid: int) -> Optional[int]:
    """Start time of a process in clock ticks since boot: with the pid it names a process for
    good (proc(5), /proc/pid/stat field 22). None without /proc or when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        return int(text[text.rindex(")") + 2 :].split()[19])
    except (OSError, ValueError):
        return None


def boot_mark() -> str:
    """Names this boot of this machine or container. A container restart keeps the boot id but
    not the start of process 1."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return f"{boot}/{start_ticks(1)}"


class Records:
    """The small files of a job directory, which is where we are, each replaced atomically.

    end.json is preallocated, so that a full disk cannot swallow how the job ended. home: the path
    that the job carries as its mark; the folder may be moved, and copied, while the job runs.
    """

    def __init__(self, home: str) -> None:
        self._end = Path("end.partial")
        self._write(self._end, b" " * END_BYTES)
        here = os.stat(".")
        self._status: Dict[str, Any] = {
            "runner_pid": os.getpid(),
            "runner_ticks": start_ticks(os.getpid()),
            "boot": boot_mark(),
            "started_at": time.time(),
            "home": home,
            "inode": [here.st_dev, here.st_ino],
        }

    def status(self, **facts: Any) -> None:
        """Merge facts into status.json; on a full disk the previous one stays."""
        self._status.update(facts)
        partial = Path("status.partial")
        try:
            self._write(partial, json.dumps(self._status).encode())
            os.replace(partial, layout.STATUS)
        except OSError:
            partial.unlink(missing_ok=True)

    def beat(self) -> None:
        """Refresh the time of status.json: the job's heartbeat."""
        try:
            os.utime(layout.STATUS)
        except OSError:
            return

    def end(self, why: str, exit_status: Optional[int], message: str = "") -> None:
        """Write the one final record, into space that was reserved at the start."""
        facts = {"why": why, "exit_status": exit_status, "message": message, "at": time.time()}
        facts["result_sha256"] = digest.of_file(layout.RESULT)
        text = json.dumps(facts).encode().ljust(END_BYTES)
        handle = os.open(self._end, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(handle, text, 0)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(self._end, layout.END)

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        with open(path, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())


def first_here() -> bool:
    """Whether this runner is the only one the job has ever had; held until this process ends."""
    handle = os.open("runner.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return not any(map(os.path.exists, (layout.STATUS, layout.END)))


def is_here(folder: Path) -> bool:
    """Whether this path leads to where we work; anybody may move that meanwhile."""
    try:
        return os.path.samestat(os.stat(folder), os.stat("."))
    except OSError:
        return False


class Supervisor:
    """Runs one job directory, in which it works, from queued to ended: so it finds its files also
    where somebody moves the workspace meanwhile. folder: what the job is told of it."""

    def __init__(self, folder: Path, code: Path, workspace: Path) -> None:
        self._folder, self._code, self._workspace = folder, code, workspace
        self._spec = json.loads(Path(layout.SPEC).read_text("utf-8"))
        home = os.path.realpath(folder)
        self._records = Records(home)
        self._mark = f"BLACKWELL_SPARSEK_JOB={home}"
        self._env = environment.of_job(self._spec["env"], str(code), self._mark)
        self._cancelled = self._waited = False
        self._unlocked = 0
        job_processes.adopt_orphans()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._cancel)

    def run(self) -> None:
        self._records.status(state="queued")
        try:
            if not self._wait_for_device():
                self._records.end("cancelled", None)
                return
            self._require_snapshot()
            job = self._start()
        except (OSError, device_lock.NoPlace) as exc:
            self._records.end("spawn", None, str(exc))
            return
        facts = {"pid": job.process.pid, "pid_ticks": start_ticks(job.process.pid)}
        self._records.status(state="running", waiting_for=None, **facts)
        why = self._watch(job)
        job.sweep()
        # What a payload that was killed had drawn: a gigabyte that can be drawn again.
        shutil.rmtree("inputs", ignore_errors=True)
        self._records.end(why, job.process.returncode, self._disk_words(job))

    def _cancel(self, _number: int, _frame: object) -> None:
        self._cancelled = True

    def _wait_for_device(self) -> bool:
        self._device = lock = self._lock()
        told: Optional[str] = None
        while not self._cancelled:
            try:
                owner = lock.try_take(self._folder.name)
            except FileNotFoundError:  # somebody removed the folder
                self._device = lock = self._lock()
                continue
            if owner is None:
                self._waited = told is not None
                return True
            if owner and owner != told:
                self._records.status(waiting_for=owner)
                told = owner
            self._records.beat()
            time.sleep(0.2 if owner else device_lock.RETAKEN_S)
        return False

    def _lock(self) -> DeviceLock:
        # Which GPUs it is for says the job's environment, as does where nvidia-smi is.
        os.environ.clear()
        os.environ.update(self._env)
        lock = DeviceLock(self._workspace, device_lock.gpus())
        if lock.note:
            self._log(f"only jobs of this workspace wait for each other: {lock.note}")
        return lock

    def _log(self, line: str) -> None:
        with open(layout.LOG, "a", encoding="utf-8") as log:
            log.write(line + "\n")

    def _hold_device(self) -> None:
        """Whoever clears the folder of locks must not send the next job to our device."""
        lost = self._device.hold(self._folder.name)
        self._unlocked = self._unlocked + 1 if lost else 0
        if self._unlocked == TOLD_LOOKS:  # those who only ask for whom to wait lock for a moment
            with contextlib.suppress(OSError):
                self._log(f"the lock of the device was removed, and other jobs do not wait: {lost}")

    def _require_snapshot(self) -> None:
        """OSError if the sources changed while the job waited, or went elsewhere together with all
        that the job is to find by its path; before that the agent looked."""
        if not self._waited:
            return
        if not is_here(self._folder):
            raise OSError("its workspace was moved while it waited; start it again")
        wrong = snapshot.faults(str(self._code.parent), self._code.name)
        if wrong:
            raise OSError(f"its snapshot changed while it waited ({wrong}); start it again")

    def _start(self) -> Job:
        argv = [self._spec["python"], "-m", "remote_payload"]
        argv += [str(self._folder / layout.REQUEST), str(self._folder / layout.RESULT)]
        argv += ["--builds", str(self._workspace / layout.BUILDS)]
        with open(layout.LOG, "ab") as sink:
            process = subprocess.Popen(
                argv,
                cwd=str(self._code),
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                close_fds=False,
            )
        return Job(process, self._mark)

    def _watch(self, job: Job) -> str:
        """Wait for the end, or bring it about; the first reason counts."""
        began, why, told_at, beat_at = time.monotonic(), "exit", 0.0, time.monotonic()
        while job.process.poll() is None:
            now = time.monotonic()
            if why == "exit":
                why = self._reason_to_stop(now - began)
                if why != "exit":
                    job.signal(signal.SIGTERM)
                    told_at = now
            elif now - told_at > GRACE_S:
                job.signal(signal.SIGKILL)
            job.collect()
            self._hold_device()
            if now - beat_at > HEARTBEAT_S:
                self._records.beat()
                beat_at = now
            time.sleep(POLL_S)
        return why

    def _reason_to_stop(self, seconds: float) -> str:
        if self._cancelled:
            return "cancelled"
        if seconds > self._spec["time_limit_s"]:
            return "timeout"
        try:
            size = os.stat(layout.LOG).st_size
        except OSError:
            size = 0
        return "output-limit" if size > self._spec["output_limit_bytes"] else "exit"

    def _disk_words(self, job: Job) -> str:
        """A payload that failed on a full disk could not write so itself."""
        disk = os.statvfs(".")
        full = disk.f_blocks > 0 and disk.f_bavail * disk.f_frsize < FULL_BYTES
        if job.process.returncode == 0 or not full:
            return ""
        return f"no space left under {self._workspace}"


if __name__ == "__main__":
    os.chdir(sys.argv[1])
    if first_here():
        Supervisor(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])).run()
