"""The payload that stays: it carries out one request after another, each in its own snapshot.

argv: the folder of builds, the descriptor for answers, and a folder for a socket. Orders come as
lines of JSON on stdin, and for each two go back, BEGUN and the answer; all else that is printed is
the log. Of an order without BEGUN nothing was done, so another payload may carry it out. What is
warm between two turns is what cannot differ between them: torch and our own modules, which
`serving` holds against each new snapshot, and what is known of the machine. All that computes is a
new process, as ever; some of them are there before they are needed.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, Set, TextIO, Tuple

from remote_payload.compiling import compiler
from remote_payload.contract.codec import CodecError
from remote_payload.contract.layout import RESULT
from remote_payload.contract.request import Request
from remote_payload.machine import visible_gpu
from remote_payload.processes import descent, job_processes
from remote_payload.processes.standby import RESERVE
from remote_payload.run import carrying, intake
from remote_payload.run.known import Known
from remote_payload.run.loop import Interrupted
from remote_payload.stages.draft import Draft
from remote_payload.warm.payload import BEGUN
from remote_payload.warm.reserve import Ahead

_SWEEP_S, _LOOK_S = 5.0, 0.002
_DRAWN = "drawn"
EXIT_COLD = 3  # what starts workers is gone, and with it what was warm


class Turns:
    """What is kept from turn to turn."""

    def __init__(self, builds: Path, known: Known) -> None:
        self._builds, self._known = builds, known
        self._root = ""
        self._asked: Tuple[Any, ...] = ()
        # Where the kernel lists no children, all of /proc is read.
        self._is_told = bool(descent.descendants(os.getpid()))
        self._stays = self._below()

    def take(self, order: Dict[str, Any]) -> Dict[str, Any]:
        """Carry out one order: its exit status and the result's text, or what is wrong with it."""
        self._enter(order["root"])
        try:
            request = intake.understood(order["request"])
        except CodecError as exc:
            return {"status": carrying.EXIT_REQUEST, "wrong": str(exc)}
        self._known.operator.begin(order["made_of"], order["spared"])
        folder = Path(order["folder"])
        self._draw_for(request, folder.parent / _DRAWN)
        draft = Draft(request, folder / RESULT, written=False)
        return {"status": self._carry_out(request, draft), "result": draft.text}

    def _carry_out(self, request: Request, draft: Draft) -> int:
        status = carrying.EXIT_GATE
        with contextlib.suppress(Interrupted):  # by a signal that came with the end
            status = carrying.carry_out(request, draft, Path(self._root), self._builds, self._known)
        carrying.ignore()
        self._sweep()
        return status

    def _draw_for(self, request: Request, folder: Path) -> None:
        """What was drawn stays for as long as the same is asked for. A user's own operator draws by
        its own code, of which nobody knows what else it does."""
        asked = (request.operator, request.cases, request.cpu_cases, request.seed)
        if asked != self._asked:
            shutil.rmtree(str(folder), ignore_errors=True)
        self._asked = asked
        self._known.drawn = "" if request.operator_target else str(folder)

    def _enter(self, root: str) -> None:
        """Work in that snapshot; workers follow (multiprocessing.spawn.prepare)."""
        os.chdir(root)
        sys.path[:] = [root, *(one for one in sys.path if one not in (root, self._root))]
        self._root = root

    def _sweep(self) -> None:
        """End all that the turn started and left; not even that ends whoever hangs in a driver."""
        until = time.monotonic() + _SWEEP_S
        while (left := self._below() - self._stays - RESERVE.pids) and time.monotonic() < until:
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            self._collect()
            time.sleep(_LOOK_S)

    def _below(self) -> Set[int]:
        here = os.getpid()
        return set(descent.descendants(here) if self._is_told else job_processes.below(here))

    def _collect(self) -> None:
        """Let go of orphans that ended, but for those whom multiprocessing waits for."""
        with contextlib.suppress(ChildProcessError, AttributeError):
            while True:
                seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if seen is None or seen.si_pid in self._stays:
                    return
                os.waitpid(seen.si_pid, 0)

    @property
    def is_warm(self) -> bool:
        """Whether those who start workers live."""
        return all(map(_lives, self._stays))


def _lives(child: int) -> bool:
    if not hasattr(os, "waitid"):
        return True
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def main() -> int:
    """Until stdin ends: then whoever supervises is gone, and all ends at once."""
    builds, handle, place = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    os.set_inheritable(handle, False)
    answers = os.fdopen(handle, "w", encoding="utf-8")
    carrying.ignore()
    job_processes.adopt_orphans()
    visible_gpu.settle_order()
    compiler.remember()
    orders: queue.Queue[Dict[str, Any]] = queue.Queue()
    threading.Thread(target=_listen, args=(orders, place), daemon=True).start()
    known = Known(stays=True, place=place)
    known.warm("remote_payload.warm.early")
    turns, ahead = Turns(builds, known), Ahead()
    while turns.is_warm:
        ahead.fill(orders.empty)
        order = orders.get()
        if not turns.is_warm:
            break
        _tell(answers, BEGUN)
        answer = turns.take(order)
        sys.stdout.flush()
        _tell(answers, answer)
    return EXIT_COLD


def _tell(answers: TextIO, what: Dict[str, Any]) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _listen(orders: queue.Queue[Dict[str, Any]], place: str) -> None:
    for line in sys.stdin:
        orders.put(json.loads(line))
    job_processes.kill_below(os.getpid(), set())
    shutil.rmtree(place, ignore_errors=True)
    os._exit(EXIT_COLD)


def live() -> None:
    """The whole life of the process."""
    status = main()
    sys.stdout.flush()
    # As in remote_payload/__main__.py: nobody is waited for.
    os._exit(status)
