"""One turn as its supervisor has it: since when, for how long at most, and why it ends."""

from __future__ import annotations

import json
import time
from typing import Any, Dict, Optional, Sequence

from remote_payload.machine.device_lock import DeviceLock
from remote_payload.processes.snapshot import Row
from remote_payload.warm import parts

GRACE_S = 3.0  # for a payload to end a turn by itself
_ASK_EVERY_S = 0.1


class Turn:
    """ask: as it came. lock: of the device, which is not taken yet. rows: of its snapshot. came_s:
    by the monotonic clock.

    began_s: when it had the device; None: it waits. why: it ends before its time, in the words of a
    job's end; empty: it does not. told_s: when the payload was told so.
    """

    def __init__(
        self, ask: Dict[str, Any], lock: DeviceLock, rows: Sequence[Row], came_s: float
    ) -> None:
        self.run_id, self.snapshot = str(ask["run"]), str(ask["snapshot"])
        made_of, spared = parts.of_operator(rows, json.loads(ask["request"]))
        self.order = {"request": ask["request"], "made_of": made_of, "spared": spared}
        self._limit_s = float(ask["time_limit_s"])
        self._left_bytes = int(ask["output_limit_bytes"])
        self.lock, self._came_s = lock, came_s
        self.began_s: Optional[float] = None
        self.told_s: Optional[float] = None
        self.waits_for: Optional[str] = None
        self.why = ""
        self._asked_s = 0.0

    def has_device(self) -> bool:
        """Whether it is ours now; asked for once in a while."""
        if time.monotonic() - self._asked_s < _ASK_EVERY_S:
            return False
        self._asked_s = time.monotonic()
        owner = self.lock.try_take(self.run_id)
        if owner:
            self.waits_for = owner
        return owner is None

    def stop(self, why: str) -> None:
        """It is to end; the first reason counts."""
        self.why = self.why or why

    def look(self, now: float) -> None:
        """Whether time is up; and whoever clears the folder of locks sends nobody to our device."""
        if self.began_s is None:
            return
        if now - self.began_s > self._limit_s:
            self.stop("timeout")
        self.lock.hold(self.run_id)

    def within_limit(self, data: bytes) -> bytes:
        """What of the log may still go out."""
        kept = data[: self._left_bytes]
        self._left_bytes -= len(kept)
        if len(kept) < len(data):
            self.stop("output-limit")
        return kept

    def told(
        self, answer: Optional[Dict[str, Any]], exit_status: Optional[int], now: float
    ) -> Dict[str, Any]:
        """The last frame about it. answer: of the payload; None: it gave none. exit_status: of a
        payload that ended."""
        began_s = now if self.began_s is None else self.began_s
        status = exit_status if answer is None else answer["status"]
        message = "" if answer is None else answer.get("wrong", "")
        why = self.why or "exit"
        return {
            "end": {
                "why": why,
                "exit_status": status if why == "exit" else None,
                "message": message,
            },
            "result": None if answer is None else answer.get("result"),
            "seconds": round(now - self._came_s, 4),
            "waited_s": round(began_s - self._came_s, 4),
        }
