"""`orchestrator` and `python -m orchestrator`."""

from __future__ import annotations

import signal
import sys

from orchestrator.cli import leaving


def main() -> None:
    """Run the command line and exit with its code.

    Whoever presses Ctrl-C waits for nothing: not for what is loaded here, and not for threads.
    """
    leaving.keep_interrupts()
    restore = leaving.watch_terminal()
    try:
        from orchestrator.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # while that was loaded, or once more while we said so
        code = leaving.INTERRUPTED
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback out of Python's own end
    if code == leaving.INTERRUPTED:
        leaving.leave(restore)
    sys.exit(code)


if __name__ == "__main__":
    main()
