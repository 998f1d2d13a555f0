"""`python3 -m remote_payload request.json result.json --builds DIR`, run in the snapshot's root.

Exit status: 0 all well, 1 a gate failed or the run was cut short, 2 the request cannot be read,
4 the host is unfit, 5 our own error. But for 2 there is always a result file.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any, Optional, Sequence

from remote_payload.contract.codec import CodecError
from remote_payload.contract.request import Request
from remote_payload.contract.words import Status
from remote_payload.machine import visible_gpu
from remote_payload.processes import places
from remote_payload.run import intake
from remote_payload.run.loop import Interrupted, Run
from remote_payload.stages.draft import Draft

_GONE = "the job's own files were removed while it ran, by something that it ran"
EXIT_OK, EXIT_GATE, EXIT_REQUEST, EXIT_UNFIT, EXIT_BUG = 0, 1, 2, 4, 5


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Carry out a request file; returns the exit status."""
    given = _parse(arguments)
    visible_gpu.settle_order()
    try:
        request = intake.read(given.request)
    except (CodecError, OSError) as exc:
        print(f"cannot read the request {given.request}: {exc}", file=sys.stderr)
        return EXIT_REQUEST
    draft = Draft(request, given.result)
    try:
        return _carry_out(request, draft, given.builds)
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


def _carry_out(request: Request, draft: Draft, builds: Path) -> int:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    Run(request, draft, Path.cwd(), builds).carry_out()
    if draft.result.status is Status.OK:
        return EXIT_OK
    return EXIT_UNFIT if draft.result.unfit else EXIT_GATE


def _interrupt(number: int, _frame: Any) -> None:
    """Leave through every `finally`; a second signal must not cut the clean-up short."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(f"interrupted by {signal.Signals(number).name}")


def _parse(arguments: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m remote_payload")
    parser.add_argument("request", type=Path, help="the request to carry out (JSON)")
    parser.add_argument("result", type=Path, help="where to write the result (JSON)")
    parser.add_argument("--builds", type=Path, required=True, help="folder of cached builds")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # The result is on disk. A worker stuck inside the GPU driver cannot even be killed, and
    # multiprocessing would wait for it at an ordinary exit for ever.
    os._exit(status)
