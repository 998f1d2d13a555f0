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


def tag_option(function: F) -> F:
    """--tag"""
    return click.option(
        "--tag",
        "tags",
        type=Tag(),
        multiple=True,
        help="Give the run this name as well, for commands and lists. Repeatable.",
    )(function)
