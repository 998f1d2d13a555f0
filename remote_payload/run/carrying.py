"""One request carried out to its end, whatever happens: also by a signal, and by our own errors."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any, Optional

from remote_payload.contract.request import Request
from remote_payload.contract.words import Status
from remote_payload.processes import places
from remote_payload.run.known import Known
from remote_payload.run.loop import Interrupted, Run
from remote_payload.stages.draft import Draft

EXIT_OK, EXIT_GATE, EXIT_REQUEST, EXIT_UNFIT, EXIT_BUG = 0, 1, 2, 4, 5
SIGNALS = (signal.SIGTERM, signal.SIGINT)
_GONE = "the job's own files were removed while it ran, by something that it ran"


def carry_out(
    request: Request, draft: Draft, sources: Path, builds: Path, known: Optional[Known] = None
) -> int:
    """The exit status; what came of it is in the draft. known: what was found out before."""
    try:
        for number in SIGNALS:
            signal.signal(number, _interrupt)
        Run(request, draft, sources, builds, known).carry_out()
    except Interrupted as exc:
        draft.close(Status.CANCELLED, str(exc))
        return EXIT_GATE
    except Exception as exc:
        places.trace()
        if not os.path.exists(__file__):
            draft.close(Status.FAILED, _GONE)
            return EXIT_GATE
        draft.close(Status.FAILED, f"our own error, {type(exc).__name__}: {exc}")
        return EXIT_BUG
    if draft.result.status is Status.OK:
        return EXIT_OK
    return EXIT_UNFIT if draft.result.unfit else EXIT_GATE


def _interrupt(number: int, _frame: Any) -> None:
    """Leave through every `finally`; a second signal must not cut the clean-up short."""
    ignore()
    raise Interrupted(f"interrupted by {signal.Signals(number).name}")


def ignore() -> None:
    """From now on a signal interrupts nobody; what is started meanwhile ends by it all the same."""
    for each in SIGNALS:
        signal.signal(each, lambda *_: None)
