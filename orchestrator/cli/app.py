"""The command group and the one place where errors become text and an exit code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from orchestrator import __version__
from orchestrator.cli import for_git
from orchestrator.cli.given.once import refuse_repeats
from orchestrator.cli.screen import console, signals, terminal
from orchestrator.cli.session import Session
from orchestrator.cli.verb import verbs
from orchestrator.errors import EndedBySignal, ExitCode, OrchestratorError

# Now, not when it is needed: it may be told of too many open files.
from orchestrator.here.local_fault import refused

# Where a command of ours begins in a hint.
_OURS = re.compile(r"(?:^|(?<=`)|(?<=: ))orchestrator (?=[a-z]|(--runs ))")


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [verb.name for verb in verbs()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for verb in verbs():
            if verb.name == cmd_name:
                return verb.command()
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as exc:
            import difflib

            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            raise click.UsageError(
                exc.message + (f" Did you mean {close[0]!r}?" if close else ""), ctx
            ) from exc

    def invoke(self, ctx: click.Context) -> Any:
        """What this machine refuses is told as that; else click would make EPIPE a failed gate."""
        try:
            return super().invoke(ctx)
        except OrchestratorError as exc:
            exc.hint = _pasteable(exc.hint, ctx)
            raise
        except EndedBySignal as exc:
            exc.goes_on = _pasteable(exc.goes_on, ctx)
            raise
        except (OSError, RuntimeError, MemoryError, ImportError) as exc:
            if fault := refused(exc):
                fault.hint = _pasteable(fault.hint, ctx)
                raise fault from exc
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb.name, verb.summary) for verb in verbs()])


def _pasteable(hint: str, ctx: click.Context) -> str:
    """A hint that is a command has to find the same files when it is pasted."""
    if not isinstance(ctx.obj, Session):
        return hint
    ours, with_other_runs = ctx.obj.program, ctx.obj.program_with_other_runs
    return _OURS.sub(lambda found: f"{with_other_runs if found[1] else ours} ", hint)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--inventory",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The inventory file. Default: inventory.yaml here or in a folder above.",
)
@click.option(
    "--runs",
    "runs_dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where runs are kept. Default: runs/ in the project.",
)
@click.option(
    "--debug",
    is_flag=True,
    help="Show the job's log as it comes, tracebacks, and dry runs in full.",
)
@click.version_option(__version__, prog_name="orchestrator")
@click.pass_context
def cli(ctx: click.Context, inventory: Path | None, runs_dir: Path | None, debug: bool) -> None:
    """Profile GPU kernels on remote hosts, with numbers that can be traced.

    \b
    Example:
      orchestrator profile --host local        no GPU, no SSH needed
      orchestrator deploy --host h100
      orchestrator profile --host h100 --heads 96
      orchestrator report latest

    \b
    Exit codes:
      0 ok                   1 a gate failed       2 usage, inventory or a damaged run
      3 host unreachable     4 host unfit          5 our bug
      6 nothing decided      130 interrupted       128+n ended by signal n
    """
    ctx.obj = Session(inventory, runs_dir, debug)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    with terminal.guarded(discreet="--debug" in arguments):
        try:
            return for_git.understood(_run(arguments), arguments)
        finally:
            console.say_the_rest()


def _run(arguments: Sequence[str]) -> int:
    """The only error boundary there is."""
    try:
        refuse_repeats(cli, arguments, "orchestrator")
        outcome = cli.main(list(arguments), prog_name="orchestrator", standalone_mode=False)
        return int(outcome or ExitCode.OK)
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.ClickException as exc:
        exc.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt) as exc:
        if isinstance(exc.__cause__, EOFError):  # click takes any EOFError for the user's Ctrl-D
            return _our_bug(exc.__cause__, "--debug" in arguments)
        console.note("interrupted")
        return ExitCode.INTERRUPTED
    except OrchestratorError as exc:
        return _told(exc, "--debug" in arguments)
    except EndedBySignal as exc:
        console.error(str(exc), exc.goes_on)
        return exc.exit_code
    except Exception as exc:
        return _unforeseen(exc, "--debug" in arguments)


def _unforeseen(exc: Exception, debug: bool) -> int:
    """What this machine refused, a signal that came by a library, or a bug of ours."""
    if fault := refused(exc):
        return _told(fault, debug)
    behind = signals.wrapped(exc)
    if isinstance(behind, EndedBySignal):
        console.error(str(behind), behind.goes_on)
        return behind.exit_code
    if behind is not None:
        console.note("interrupted")
        return ExitCode.INTERRUPTED
    return _our_bug(exc, debug)


def _told(exc: OrchestratorError, debug: bool) -> int:
    console.error(exc.message, exc.hint)
    if debug:
        console.trace()
    return exc.exit_code


def _our_bug(exc: BaseException, debug: bool) -> int:
    if debug:
        console.trace()
    console.error(
        f"this is a bug of ours: {type(exc).__name__}: {exc}",
        "Run again with --debug and send us the traceback.",
    )
    return ExitCode.BUG
