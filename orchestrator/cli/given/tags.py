"""Tags, as they are typed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
_TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


class Tag(click.ParamType["str"]):
    """A word that can stand for a run: letters, digits, dots, dashes and underscores."""

    name = "TAG"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not _TAG.fullmatch(text) or text in ("latest", "HEAD"):
            expected = "expected a word of letters, digits, dots and dashes, but latest and HEAD"
            self.fail(f"{text[:60]!r} is no tag; {expected}", param, ctx)
        return text


def _public(ctx: click.Context, param: click.Parameter, tags: tuple[str, ...]) -> tuple[str, ...]:
    """Before anything is sent; what the inventory calls private is known when the run is made."""
    if tags:
        from orchestrator.errors import UsageError
        from orchestrator.store.runs import labels

        try:
            labels.require_public(tags)
        except UsageError as exc:
            raise click.BadParameter(exc.message, ctx, param) from exc
    return tags


def tag_option(function: F) -> F:
    """--tag"""
    return click.option(
        "--tag",
        "tags",
        type=Tag(),
        multiple=True,
        callback=_public,
        help="Give the run this name as well, for commands and lists. Repeatable.",
    )(function)
