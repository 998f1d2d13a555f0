"""Options that several verbs share, each defined once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

DIMS = (64, 128)
_PROVIDER = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*)=(.+:[A-Za-z_][A-Za-z0-9_]*)\Z", re.DOTALL)


class Numbers(click.ParamType["tuple[int, ...]"]):
    """A comma-separated list of whole numbers >= 1, such as 8,16,32."""

    name = "N[,N…]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        numbers = []
        for part in str(value).split(","):
            text = part.strip()
            if not (text.isascii() and text.isdigit()) or int(text) < 1:
                self.fail(f"{part!r} is not a whole number >= 1; expected e.g. 96 or 8,16,32")
            numbers.append(int(text))
        if len(set(numbers)) != len(numbers):
            self.fail(f"{value!r} names a number twice")
        return tuple(numbers)


class Names(click.ParamType["tuple[str, ...]"]):
    """A comma-separated list of provider names from the catalog."""

    name = "NAME[,NAME…]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        from remote_payload.catalog import BY_NAME

        if isinstance(value, tuple):
            return value
        names = tuple(part.strip() for part in str(value).split(","))
        for name in names:
            if name not in BY_NAME:
                self.fail(
                    f"unknown provider {name!r}; known: {', '.join(BY_NAME)}; "
                    "your own: --provider name=path.py:function"
                )
        return tuple(dict.fromkeys(names))


class UserProvider(click.ParamType["tuple[str, str]"]):
    """name=module:function or name=path.py:function."""

    name = "NAME=TARGET"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        from remote_payload.catalog import BY_NAME

        if isinstance(value, tuple):
            return value
        match = _PROVIDER.match(str(value))
        if match is None:
            self.fail(f"{value!r}: expected name=module:function or name=path.py:function")
        if match[1] in BY_NAME:
            self.fail(f"the name {match[1]!r} belongs to a built-in provider; choose another")
        return match[1], match[2]


class Arches(click.ParamType["tuple[str, ...]"]):
    """A comma-separated list of GPU architectures, such as sm_90a."""

    name = "ARCH[,ARCH…]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        arches = tuple(part.strip() for part in str(value).split(","))
        for arch in arches:
            if not re.fullmatch(r"sm_\d{2,3}[af]?", arch):
                self.fail(f"{arch!r} is not an architecture; expected e.g. sm_90a or sm_80,sm_90a")
        return arches


def host_options(function: F) -> F:
    """--host NAME and how to meet it for the first time."""
    function = click.option(
        "--accept-new-host-key",
        is_flag=True,
        help="Trust the host's key at first contact without asking. A changed key is refused.",
    )(function)
    return click.option("--host", metavar="NAME", help="A host of the inventory.")(function)


def dry_run_option(function: F) -> F:
    """--dry-run"""
    return click.option(
        "--dry-run",
        is_flag=True,
        help="Print the exact remote commands; connect to nothing, write nothing.",
    )(function)


def json_option(function: F) -> F:
    """--json"""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(
        function
    )


def arch_option(function: F) -> F:
    """--arch"""
    return click.option(
        "--arch",
        type=Arches(),
        help="Compile for these instead of asking the device, e.g. sm_90a.",
    )(function)


def shape_options(function: F) -> F:
    """The attention problem. What is left open is chosen for the device that is found."""
    for option in (
        click.option("--causal", is_flag=True, help="With a causal mask."),
        click.option(
            "--dtype",
            type=click.Choice(["fp16", "bf16", "fp32"]),
            default="fp16",
            help="Element type of q, k, v and the output.",
        ),
        click.option(
            "--dim", type=int, default=64, callback=_dim, help="Head dimension: 64 or 128."
        ),
        click.option("--seq", type=click.IntRange(min=1), default=512, help="Sequence length."),
        click.option("--heads", type=Numbers(), help="Default: 8,16,32,64,96,128; CPU: 8,16."),
        click.option("--batch", type=click.IntRange(min=1), help="Default: 16; CPU: 1."),
    ):
        function = option(function)
    return function


def provider_options(function: F) -> F:
    """Which implementations to run."""
    function = click.option(
        "--provider",
        "user_providers",
        type=UserProvider(),
        multiple=True,
        help="Your own: name=module:function or name=path.py:function. Repeatable.",
    )(function)
    return click.option(
        "--providers",
        type=Names(),
        help="Built-in ones by name. Named ones must run; by default those that can, do.",
    )(function)


def _dim(ctx: click.Context, param: click.Parameter, value: int) -> int:
    if value not in DIMS:
        raise click.BadParameter(f"{value} is not supported; expected 64 or 128", ctx, param)
    return value
