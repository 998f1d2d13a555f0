"""--persist and --no-persist: whether the connection outlives the command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from orchestrator.cli.given.quantities import Length
from orchestrator.errors import UsageError
from orchestrator.values.host import Host, TransportKind

F = TypeVar("F", bound=Callable[..., Any])

_WISH = "orchestrator.persist"
_LONGEST_S = 86400.0


def persist_options(function: F) -> F:
    """The two options. What they say is kept with the command; see `persist_s`."""
    function = click.option(
        "--no-persist",
        is_flag=True,
        expose_value=False,
        callback=_note,
        help="Connect anew, whatever the inventory's `persist:` says.",
    )(function)
    return click.option(
        "--persist",
        type=Length(1.0, _LONGEST_S),
        metavar="TIME",
        expose_value=False,
        callback=_note,
        help="Leave the connection open for later commands, until it was not used for TIME: 90s, "
        "10m, 2h. Default: the inventory's `persist:`, else it is closed.",
    )(function)


def _note(ctx: click.Context, param: click.Parameter, value: float | bool | None) -> None:
    if ctx.get_parameter_source(param.name or "") is not ParameterSource.COMMANDLINE:
        return
    if _WISH in ctx.meta:
        raise click.UsageError("--persist and --no-persist contradict each other", ctx)
    ctx.meta[_WISH] = 0.0 if param.name == "no_persist" else value


def persist_s(host: Host) -> float | None:
    """How long a connection to `host` outlives its last use: as this command was told, else as the
    inventory says; None for not at all. UsageError: there is no connection to keep."""
    ctx = click.get_current_context(silent=True)
    wish = ctx.meta.get(_WISH) if ctx else None
    if wish and host.kind is TransportKind.LOCAL:
        raise UsageError(
            f"--persist: {host.name} is this machine, to which there is no connection",
            hint="Leave it out.",
        )
    return host.persist_s if wish is None else wish or None
