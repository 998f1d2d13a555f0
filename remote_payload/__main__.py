"""`python3 -m remote_payload request.json result.json --builds DIR`, run in the snapshot's root.

Exit status: 0 all well, 1 a gate failed or the run was cut short, 2 the request cannot be read,
4 the host is unfit, 5 our own error. But for 2 there is always a result file.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Optional, Sequence

from remote_payload.contract.codec import CodecError
from remote_payload.machine import visible_gpu
from remote_payload.run import intake
from remote_payload.run.carrying import EXIT_REQUEST, carry_out
from remote_payload.stages.draft import Draft


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Carry out a request file; returns the exit status."""
    given = _parse(arguments)
    visible_gpu.settle_order()
    try:
        request = intake.read(given.request)
    except (CodecError, OSError) as exc:
        print(f"cannot read the request {given.request}: {exc}", file=sys.stderr)
        return EXIT_REQUEST
    return carry_out(request, Draft(request, given.result), Path.cwd(), given.builds)


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
