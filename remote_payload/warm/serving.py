"""The supervisor of a process that stays warm, and the host's end of the channel to it.

Frames as of agent/wire.py. In: J {"do": "turn", "run", "snapshot", "request", "time_limit_s",
"output_limit_bytes"}, "cancel" and "end"; H, "we live". Out: J {"ready"}; then of each turn its log
as L, signs of life as H (as of the job agent), and J {"end", "result", "seconds", "waited_s"}, or
{"stale"}, or {"error"}; {"over"} before we end by ourselves. The end of the channel ends all of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from pathlib import Path
from typing import Any, Dict, Optional

from remote_payload.contract import layout
from remote_payload.machine import device_lock, environment
from remote_payload.processes import job_processes, snapshot
from remote_payload.warm import parts
from remote_payload.warm.frames import Incoming, NoFrame, Outgoing, unpacked
from remote_payload.warm.payload import Payload
from remote_payload.warm.scratch import Scratch
from remote_payload.warm.turn import GRACE_S, Turn

POLL_S, HEARTBEAT_S = 0.05, 2.0
SILENCE_S = 20.0  # of the other end, which answers each sign of life while a turn is on
# So much may wait for its reader before the payload has to.
_AHEAD_BYTES = 8 << 20
_EARLY_BYTES = 1 << 16


class Serving:
    """One channel and one warm payload. root: the workspace."""

    def __init__(self, root: str, ask: Dict[str, Any], source: int, sink: int) -> None:
        self._source, self._sink = Incoming(source), Outgoing(sink)
        self._workspace, self._idle_s = Path(root), float(ask["idle_s"])
        self._store = os.path.join(root, layout.SNAPSHOTS)
        self._loaded = parts.of_code(snapshot.rows_of(self._store, ask["snapshot"]))
        self._scratch = Scratch(self._workspace)
        self._scratch.enter(ask["snapshot"])
        mark = f"BLACKWELL_SPARSEK_JOB={self._scratch.folder}"
        env = environment.of_job(ask["env"], str(self._scratch.code), mark)
        # Which GPUs there are for us says the environment, as does where nvidia-smi is.
        os.environ.clear()
        os.environ.update(env)
        self._gpus = device_lock.gpus()
        self._payload = Payload(ask["python"], self._scratch, self._workspace, env, mark)
        self._turn: Optional[Turn] = None
        self._early = b""
        self._over = ""
        self._since = self._heard = self._spoke = time.monotonic()

    def run(self) -> None:
        """Serve until the channel ends, or nobody has asked for anything for so long."""
        self._payload.start()
        self._sink.send_json({"ready": True})
        while not self._over:
            self._wait()
            self._tick()
        if not self._source.ended:
            self._sink.send_json({"over": self._over})

    def close(self) -> None:
        """Nothing of ours is left."""
        self._payload.kill()
        self._scratch.remove()

    def stop(self, number: int, _frame: object) -> None:
        """A signal's handler."""
        self._over = self._over or f"ended by {signal.Signals(number).name}"

    def _wait(self) -> None:
        """Until something comes, or it is time to look."""
        logging = [self._payload.log] if self._sink.waiting_bytes < _AHEAD_BYTES else []
        reads = [self._source.handle, *(one for one in logging if one >= 0)]
        reads += [self._payload.answers] if self._payload.answers >= 0 else []
        writes = [self._sink.handle] if self._sink.waiting_bytes else []
        pause_s = POLL_S if self._turn or self._payload.log < 0 else 1.0
        ready, free, _ = select.select(reads, writes, [], pause_s)
        if free:
            self._sink.flush()
        if self._source.handle in ready:
            self._hear()
        if self._payload.log in ready:
            self._take_log()
        if self._payload.answers in ready:
            self._take_answer()

    def _hear(self) -> None:
        for kind, body in self._source.frames():
            self._heard = time.monotonic()
            if kind == b"J":
                self._obey(unpacked(body))
        if self._source.ended:
            self._over = "the channel ended"

    def _obey(self, ask: Dict[str, Any]) -> None:
        if ask["do"] == "end":
            self._over = "asked to end"
        elif ask["do"] == "cancel" and self._turn is not None:
            self._turn.stop("cancelled")
        elif ask["do"] == "turn":
            self._begin(ask)

    def _begin(self, ask: Dict[str, Any]) -> None:
        if self._turn is not None:
            self._sink.send_json({"error": "busy", "message": "one turn at a time"})
            return
        found = snapshot.look(self._store, ask["snapshot"])
        wrong = snapshot.told(found)
        if wrong:
            self._refuse(wrong)
        elif parts.of_code(found.rows) != self._loaded:
            self._sink.send_json({"stale": True})
        else:
            try:
                lock = device_lock.DeviceLock(self._workspace, self._gpus)
            except (OSError, device_lock.NoPlace) as exc:
                self._sink.send_json({"error": "start", "message": str(exc)})
                return
            self._spoke = self._heard
            self._turn = Turn(ask, lock, found.rows, self._heard)
            self._tick()

    def _tick(self) -> None:
        """Whatever time brings about."""
        now, turn = time.monotonic(), self._turn
        if turn is None:
            if now - self._since > self._idle_s:
                self._over = "nobody asked for anything"
            return
        if turn.began_s is None and not turn.why:
            self._try_to_start(turn)
        turn.look(now)
        if turn.why and turn.began_s is None:
            self._end_turn()
        elif turn.told_s is None and turn.why:
            turn.told_s = now
            self._payload.interrupt()
        elif turn.told_s is not None and now - turn.told_s > GRACE_S:
            self._payload.kill()
            self._end_turn()
        if self._turn is not None and now - self._spoke > HEARTBEAT_S:
            self._beat(turn)
        if now - self._heard > SILENCE_S:
            self._over = "the other end does not answer"

    def _beat(self, turn: Turn) -> None:
        self._spoke = time.monotonic()
        state = "queued" if turn.began_s is None else "running"
        beat = {"state": state, "waiting_for": turn.waits_for}
        self._sink.send(b"H", json.dumps(beat).encode())

    def _try_to_start(self, turn: Turn) -> None:
        before = turn.waits_for
        if not turn.has_device():
            if turn.waits_for != before:
                self._beat(turn)
            return
        # It was looked at when it was asked for.
        waited = turn.waits_for is not None
        wrong = snapshot.faults(self._store, turn.snapshot) if waited else ""
        if wrong:
            self._forget_turn()
            self._refuse(wrong)
            return
        if turn.lock.note:
            self._log(
                f"only jobs of this workspace wait for each other: {turn.lock.note}\n".encode()
            )
        if self._early:
            self._log(self._early)
            self._early = b""
        turn.began_s = time.monotonic()
        root = self._scratch.enter(turn.snapshot)
        folder = self._scratch.turn(turn.run_id)
        self._payload.order({"root": str(root), "folder": str(folder), **turn.order})

    def _refuse(self, wrong: str) -> None:
        message = f"the snapshot is not what was sent: {wrong}"
        self._sink.send_json({"error": "snapshot", "message": message})

    def _take_log(self) -> bool:
        """What it has printed by now; False: nothing."""
        data = self._payload.read_log()
        if self._turn is not None and self._turn.began_s is not None:
            self._log(data)
        else:
            self._early = (self._early + data)[-_EARLY_BYTES:]
        return bool(data)

    def _log(self, data: bytes) -> None:
        assert self._turn is not None
        data = self._turn.within_limit(data)
        if data:
            self._sink.send(b"L", data)

    def _take_answer(self) -> None:
        answer = self._payload.read_answer()
        if answer is None and self._payload.answers >= 0:
            return
        while self._take_log():  # all that was printed before the answer
            pass
        turn = self._turn
        if self._payload.answers < 0:  # it has ended, be it right after its answer
            self._payload.kill()
        if turn is None or turn.began_s is None:
            return
        if answer is None and not turn.why and self._payload.order_again():
            return
        self._end_turn(answer)

    def _end_turn(self, answer: Optional[Dict[str, Any]] = None) -> None:
        turn = self._turn
        assert turn is not None
        told = turn.told(answer, self._payload.exit_status, time.monotonic())
        self._forget_turn()
        self._sink.send_json(told)

    def _forget_turn(self) -> None:
        turn, self._turn = self._turn, None
        self._since = time.monotonic()
        if turn is not None:
            turn.lock.release()
            snapshot.remove_all(str(self._scratch.folder / turn.run_id))


def serve(root: str, ask: Dict[str, Any], source: int, sink: int) -> None:
    """All that this process does from now on. OSError, NoPlace: it cannot begin."""
    job_processes.adopt_orphans()
    serving = Serving(root, ask, source, sink)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, serving.stop)
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionError, NoFrame, KeyError):
            serving.run()
    finally:
        serving.close()
