"""An option that holds one value is given once: click would take the last one without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click


def refuse_repeats(command: click.Command, arguments: Sequence[str], name: str) -> None:
    """UsageError for an option given twice, in `command` or the subcommand that is named.

    Repeating a plain flag says the same again and is let through; --x and --no-x is not. What is
    wrong in any other way is left to click, which says it better.
    """
    _refuse(command, click.Context(command, info_name=name), list(arguments))


def _refuse(command: click.Command, ctx: click.Context, arguments: list[str]) -> None:
    try:
        _, rest, order = command.make_parser(ctx).parse_args(args=arguments)
    except click.UsageError:
        return
    for param, times in Counter(order).items():
        if times > 1 and isinstance(param, click.Option) and _holds_one(param):
            named = " and ".join((*param.opts[:1], *param.secondary_opts[:1]))
            what = "contradict each other" if param.secondary_opts else "is given twice"
            raise click.UsageError(f"{named} {what}; give it once", ctx)
    if isinstance(command, click.Group) and rest:
        inner = command.get_command(ctx, rest[0])
        if inner is not None:
            _refuse(inner, click.Context(inner, parent=ctx, info_name=rest[0]), rest[1:])


def _holds_one(param: click.Option) -> bool:
    if param.multiple or param.count or param.is_eager:
        return False
    return not param.is_flag or bool(param.secondary_opts)
