"""`orchestrator` and `python -m orchestrator`."""

from __future__ import annotations

import sys

from orchestrator.cli.screen import leaving


def main() -> None:
    """Run the command line and exit with its code.

    Whoever presses Ctrl-C waits for nothing: not for what is loaded here, and not for threads.
    """
    leaving.keep_interrupts()
    try:
        code = _run()
        leaving.heed_no_more()
    except KeyboardInterrupt:  # while that was loaded, or once more while we said so
        code = leaving.interrupted()
    leaving.send_no_more()
    if children := sys.modules.get("orchestrator.here.children"):  # else nothing was started
        children.end_all()
    if code >= leaving.BY_SIGNAL:
        leaving.leave(code)
    leaving.give_back()
    leaving.leave_beside_threads(code)
    sys.exit(code)


def _run() -> int:
    from orchestrator.cli.screen import signals, streams
    from orchestrator.errors import EndedBySignal
    from orchestrator.here import noticing

    streams.prepare()
    signals.install()
    try:
        with noticing.signals():
            from orchestrator.cli.app import run

            return run(sys.argv[1:])
    except EndedBySignal as exc:  # before there was anything to tell, or while it was told
        leaving.say(f"error: {exc}")
        return exc.exit_code
    finally:
        signals.end_at_once()


if __name__ == "__main__":
    main()
