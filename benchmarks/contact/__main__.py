"""`python -m benchmarks.contact first|rest`: a contact with a GPU machine that is ours for minutes.

.ci/gpu prepares the machine and calls this; docs/gpu.md tells what for. Whatever happens, all that
was learnt so far lies in one archive: after each stage, at every exit, and when we are told to end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.contact import facts, plan
from benchmarks.contact.archive import Archive
from benchmarks.contact.plan import Part, Step

POLL_S = 0.5
# A stage's end is archived at once, what grows inside of a stage now and then.
PAUSE_S = 10.0
CANCEL_LIMIT_S = 20.0
UNFIT = 4
RUNS = Path("runs")
# The runs that contacts have made here; $OUT may be emptied between two.
STARTED = Path(".gpu") / "started"
ORCHESTRATOR = (sys.executable, "-m", "orchestrator")


class Log:
    """Everything said in this contact, on stdout and kept, with the seconds since its beginning."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self.lines: list[str] = []

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began_s

    def say(self, line: str) -> None:
        """Print and keep one line."""
        stamped = f"[{self.elapsed_s:6.1f} s] {line.rstrip()}"
        self.lines.append(stamped)
        show(stamped)


def show(line: str) -> None:
    """Print; whoever listened may be gone, and what was learnt has to come home all the same."""
    try:
        print(line, flush=True)
    except OSError:
        # What is still buffered would fail once more at exit, and be the exit status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Contact:
    """One part of the plan, carried out."""

    def __init__(self, part: Part, folder: Path) -> None:
        self._part, self._log = part, Log()
        self._archive = Archive(folder / f"gpu-{part.name}.tgz", f"gpu-{part.name}")
        self._step: subprocess.Popen[str] | None = None
        self._run: Path | None = None
        self._runs: list[Path] = []
        self._ended: set[Path] = set()

    def carry_out(self) -> int:
        """Run all steps; the first exit status that is not 0, or 1 if nothing could be kept."""
        self._log.say(f"{self._part.name}: at most {self._part.limit_s:g} s")
        threading.Thread(target=self._look, daemon=True).start()
        statuses: list[int] = []
        try:
            self._end_older()
            for step in self._part.steps:
                statuses.append(self._carry_out(step))
            self._show_tables()
        finally:
            kept = self._keep()  # before anything that takes time: we may be told to end
            self._leave_nothing()
            if kept:
                self._log.say(f"all of it is in {self._archive.path}")
            self._log.say(f"next: {self._next_step()}")
            kept = self._keep()
        return next((status for status in statuses if status), 0 if kept else 1)

    def _look(self) -> None:
        said = ""
        for answer in facts.facts():
            said += answer
            self._archive.text("machine.txt", said)

    def _keep(self) -> bool:
        """Write the archive; whether it could be written."""
        self._archive.text("log.txt", "\n".join(self._log.lines) + "\n")
        try:
            self._archive.write()
        except OSError as exc:
            self._log.say(f"the archive could not be written: {exc}")
            return False
        return True

    def _end_older(self) -> None:
        """What an earlier contact left running holds the GPU, and ours would queue behind it."""
        with contextlib.suppress(FileNotFoundError):
            older = [RUNS / run_id for run_id in STARTED.read_text("utf-8").split()]
            alive = [run.name for run in older if not self._end(run)]
            STARTED.write_text("".join(f"{name}\n" for name in alive), "utf-8")

    def _carry_out(self, step: Step) -> int:
        left_s = self._part.limit_s - self._log.elapsed_s
        words = step.words(left_s)
        if words is None:
            self._log.say(f"{step.verb}: no time is left for it")
            return 1
        self._log.say(f"orchestrator {' '.join(words)}")
        before, self._run = _run_folders(), None
        self._step = subprocess.Popen(
            [*ORCHESTRATOR, "--debug", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        reader = threading.Thread(target=self._read, args=(self._step,), daemon=True)
        reader.start()
        self._follow(self._step, before)
        reader.join(POLL_S)
        self._keep()
        status = self._step.returncode
        return 1 if status is None or status < 0 else status

    def _read(self, step: subprocess.Popen[str]) -> None:
        for line in step.stdout or ():
            self._log.say(line)

    def _follow(self, step: subprocess.Popen[str], before: frozenset[Path]) -> None:
        stages, kept_s = -1, 0.0
        while step.poll() is None:
            time.sleep(POLL_S)
            self._meet(before)
            done = len(self._result(self._run).get("stages", ()))
            grown = self._log.elapsed_s - kept_s > PAUSE_S
            if done != stages or grown:
                stages = done
                self._keep()
                kept_s = self._log.elapsed_s
            if self._log.elapsed_s > self._part.limit_s:
                self._log.say("out of time; what was measured is kept")
                self._leave_nothing()
                return

    def _meet(self, before: frozenset[Path]) -> None:
        """The run that the step has made, once there is one."""
        if self._run is not None:
            return
        for folder in _run_folders() - before:
            self._run = folder
            self._runs.append(folder)
            self._archive.folder(f"runs/{folder.name}", folder, _job_of(folder))
            with STARTED.open("a", encoding="utf-8") as started:
                started.write(f"{folder.name}\n")

    def _result(self, run: Path | None) -> dict[str, Any]:
        """A run's result as it is now: pulled, or still growing on the host."""
        if run is None:
            return {}
        return _json(run / "result.json") or _json(_job_of(run) / "result.json")

    def _leave_nothing(self) -> None:
        """End the step and its job, which would outlive us."""
        if self._step is not None and self._step.poll() is None:
            self._step.kill()
            self._step.wait()
        for run in self._runs:
            self._end(run)

    def _end(self, run: Path) -> bool:
        """End a run that goes on; whether it is over now."""
        if run in self._ended or (run / "end.json").exists() or not run.exists():
            return True
        self._log.say(f"ending run {run.name}, which goes on")
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                [*ORCHESTRATOR, "cancel", run.name],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=CANCEL_LIMIT_S,
                check=False,
            )
            if done.returncode == 0:
                self._ended.add(run)
        return run in self._ended

    def _show_tables(self) -> None:
        """Those of the reports: they may be all that comes home."""
        for run in self._runs:
            for line in facts.tables(run / "report.md"):
                show(line)

    def _next_step(self) -> str:
        results = [self._result(run) for run in self._runs]
        checks, proofs = (
            [record for result in results for record in result.get(kind, ())]
            for kind in ("checks", "proofs")
        )
        return plan.next_step(self._part, checks, proofs)


def _run_folders() -> frozenset[Path]:
    return frozenset(card.parent for card in RUNS.glob("*/run.json"))


def _job_of(run: Path) -> Path:
    """The job's folder in the workspace, where the result grows while the job runs."""
    card = _json(run / "run.json")
    return Path(str(card.get("workspace", ""))).expanduser() / "jobs" / run.name


def _json(path: Path) -> dict[str, Any]:
    """A JSON object; empty while there is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextlib.contextmanager
def _told_to_end() -> Iterator[None]:
    """A signal leaves through every `finally`."""

    def leave(number: int, _frame: object) -> None:
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, leave)
    yield


def main(arguments: Sequence[str]) -> int:
    """Carry out a part, or print its commands."""
    parser = argparse.ArgumentParser(prog=".ci/gpu")
    parser.add_argument("part", choices=("first", "rest"))
    parser.add_argument("--rehearse", action="store_true", help="small, on this machine as it is")
    parser.add_argument("--dry-run", action="store_true", help="only print the commands")
    parser.add_argument("--without", default="", help="providers to leave out")
    parser.add_argument("--variants", default="", help="variants of our kernel to race beside it")
    given = parser.parse_args(arguments)
    if problem := plan.problem(given.part, given.without, given.variants):
        parser.error(problem)
    part = plan.part(given.part, given.rehearse, given.without, given.variants)
    if given.dry_run:
        for step in part.steps:
            print("python3 -m orchestrator", *(step.words(part.limit_s) or ()))
        return 0
    folder = Path(os.environ.get("OUT") or Path(".gpu") / part.name)
    try:
        for needed in (folder, STARTED.parent):
            needed.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        print(f"make gpu: {exc.filename} is no folder to write to: {exc.strerror}", file=sys.stderr)
        return UNFIT
    with _told_to_end():
        return Contact(part, folder).carry_out()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
