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
        code = leaving.interrupted()
    # All is said and done: a Ctrl-C from here on has nothing to interrupt but Python's own end.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    if code == leaving.INTERRUPTED:
        leaving.leave(restore)
    sys.exit(code)


if __name__ == "__main__":
    main()
