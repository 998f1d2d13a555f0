"""Options that several verbs share, each defined once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from orchestrator.cli.given.outputs import Output
from orchestrator.cli.given.persisting import persist_options
from orchestrator.cli.given.quantities import Duration
from orchestrator.store.kernels.users_provider import UsersProvider

# What a file with our Markdown in it may be called; a name without an ending is no claim.
MARKDOWN = (".md", ".markdown", ".txt")
# What a report may be called, which says what it is written as.
REPORTS = (".md", ".markdown", ".txt", ".html", ".htm", ".pdf")
# What a page without charts may be called.
PAGES = (".md", ".markdown", ".txt", ".html", ".htm")
JSON = (".json",)

# A file to write, or a FIFO, a device, /dev/stdout: nobody has to be allowed to read it.
OUTPUT = Output(path_type=Path, dir_okay=False, readable=False)

F = TypeVar("F", bound=Callable[..., Any])

_PROVIDER = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*)=(.+:[A-Za-z_][A-Za-z0-9_]*)\Z", re.DOTALL)


class Names(click.ParamType["tuple[str, ...]"]):
    """A comma-separated list of names.

    what: one of them, in a word. known: all of them, asked for when one is given, so that --help
    imports nothing; None where that depends on other options.
    """

    name = "NAME[,NAME…]"

    def __init__(self, what: str, known: Callable[[], tuple[str, ...]] | None) -> None:
        self._what, self._known = what, known

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        given = [part.strip() for part in str(value).split(",")]
        known = self._known() if self._known else given
        for name in given:
            if name not in known or not name:
                listed = f"; known: {', '.join(known)}" if self._known else ""
                self.fail(f"unknown {self._what} {name!r}{listed}")
        return tuple(dict.fromkeys(given))


def _variants() -> tuple[str, ...]:
    from remote_payload.operators import registry

    known = registry.find(registry.DEFAULT).providers
    return tuple(p.name.removeprefix(f"{p.variant_of}-") for p in known if p.variant_of)


PROVIDERS = Names("provider", None)
VARIANTS = Names("variant", _variants)


class UserProvider(click.ParamType[UsersProvider]):
    """name=module:function, name=path.py:function, name=path.cu:function, name=folder/:path:…"""

    name = "NAME=TARGET"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> UsersProvider:
        if isinstance(value, UsersProvider):
            return value
        match = _PROVIDER.match(str(value))
        if match is None:
            forms = "name=module:function, name=path.py:function or name=path.cu:function"
            self.fail(f"{value!r}: expected {forms}")
        return UsersProvider(match[1], match[2])


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
            if not re.fullmatch(r"sm_[0-9]{2,3}[af]?", arch):
                self.fail(f"{arch!r} is not an architecture; expected e.g. sm_90a or sm_80,sm_90a")
        return tuple(dict.fromkeys(arches))


def host_options(function: F) -> F:
    """--host NAME, how to meet it for the first time, and for how long to stay connected."""
    return one_visit_options(persist_options(function))


def one_visit_options(function: F) -> F:
    """--host NAME and how to meet it for the first time."""
    function = click.option(
        "--accept-new-host-key",
        is_flag=True,
        help="Trust the host's key at first contact without asking. A changed key is refused.",
    )(function)
    return click.option("--host", metavar="NAME", help="A host of the inventory.")(function)


def limit_option(name: str, what: str, default: str, least_s: float = 1.0) -> Callable[[F], F]:
    """--NAME-limit SECONDS, given to the command as NAME_limit_s; None where it is left open."""
    return click.option(
        f"--{name}-limit",
        f"{name}_limit_s",
        type=Duration(least_s),
        metavar="SECONDS",
        help=f"{what}. Default: {default}.",
    )


time_limit_option = limit_option("time", "For the whole run, enforced on the host", "1800")
proof_limit_option = limit_option("proof", "For each proof", "120")


def device_option(function: F) -> F:
    """--device"""
    return click.option(
        "--device",
        type=click.Choice(["auto", "cuda", "cpu"]),
        default="auto",
        help="Where kernels run; auto takes the GPU if there is one.",
    )(function)


def dry_run_option(function: F) -> F:
    """--dry-run"""
    return click.option(
        "--dry-run",
        is_flag=True,
        help="Print the remote commands, in full with --debug; connect to nothing, write nothing.",
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


class NvccFlag(click.ParamType["str"]):
    """One flag for nvcc, as far as it may be given."""

    name = "FLAG"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from remote_payload.contract.tools.toolchain import BadFlag, require_flag

        try:
            require_flag(str(value))
        except BadFlag as exc:
            self.fail(str(exc))
        return str(value)


def nvcc_flag_option(function: F) -> F:
    """--nvcc-flag"""
    return click.option(
        "--nvcc-flag",
        "nvcc_flags",
        type=NvccFlag(),
        multiple=True,
        help="For whatever nvcc compiles, csrc/ and your own: --nvcc-flag=-maxrregcount=64. "
        "Repeatable; behind our own flags, and part of the build's key.",
    )(function)


def provider_options(function: F) -> F:
    """Which implementations to run."""
    function = click.option(
        "--without",
        type=PROVIDERS,
        default=(),
        help="Leave these out, by name.",
    )(function)
    function = click.option(
        "--variants",
        type=VARIANTS,
        default=(),
        help="Also variants of our own attention kernel; docs/kernels/hopper.md tells of them.",
    )(function)
    function = click.option(
        "--provider",
        "user_providers",
        type=UserProvider(),
        multiple=True,
        help="Your own: name=module:function, name=path.py:function or name=path.cu:function, with "
        "folder/: before the path if all of that travels. Repeatable; docs/providers.md.",
    )(function)
    return click.option(
        "--providers",
        type=PROVIDERS,
        help="By name: those of the operator, and of kernels.yaml. Named ones must run; by default "
        "those that can, do.",
    )(function)


def refuse_before_subcommand(ctx: click.Context) -> None:
    """UsageError for an option of a group that its subcommand would not hear of."""
    for param in ctx.command.get_params(ctx):
        given = ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
        if given and isinstance(param, click.Option):
            raise click.UsageError(_misplaced(ctx, param.opts[0]), ctx)


def _misplaced(ctx: click.Context, option: str) -> str:
    name = ctx.invoked_subcommand or ""
    assert isinstance(ctx.command, click.Group)
    inner = ctx.command.get_command(ctx, name)
    known = inner is not None and any(option in param.opts for param in inner.params)
    way = f"write it behind: {name} {option} …" if known else f"{name} has no such option"
    return f"{option} stands before {name}, which would not hear of it; {way}"


def require_suffix(output: Path | None, suffixes: tuple[str, ...]) -> None:
    """BadParameter for a file whose name promises another format than is written."""
    if output is not None and output.suffix and output.suffix.lower() not in suffixes:
        forms = {
            JSON: "JSON",
            REPORTS: "Markdown, words, HTML or PDF",
            PAGES: "Markdown, words or HTML",
        }
        form = forms.get(suffixes, "Markdown")
        raise click.BadParameter(
            f"{output.name}: {form} is what is written; expected a name that ends with "
            f"{', '.join(suffixes)}",
            param_hint="'-o' / '--output'",
        )


def refuse_to_overwrite(
    output: Path | None, runs: Path, *read: Path, own: Path | None = None
) -> None:
    """BadParameter for a file that the command reads, and for what a run keeps: whatever is
    written there, by whatever name, would be all that is left of it.

    runs: the folder of all runs. own: of the run whose report it is.
    """
    from orchestrator.store.runs.records import why_kept

    if output is None:
        return
    why = why_kept(output, runs, own)
    if any(_is_one_file(output, source) for source in read):
        why = "it is a file that this command reads"
    if why:
        raise click.BadParameter(f"{output}: {why}; choose another", param_hint="'-o' / '--output'")


def _is_one_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other) and not one.is_char_device()  # a terminal is both
    except OSError:  # one of them is not there
        return False


def is_own_stdout(output: Path | None) -> bool:
    """Whether what is written to `output` comes out of our own stdout, by whatever name."""
    from remote_payload.contract.writing import own_stream

    return output is not None and own_stream(output) == 1


def refuse_own_stdout(output: Path | None, what: str = "--json") -> None:
    """UsageError where a document on stdout would be mixed with what is written to `output`."""
    if is_own_stdout(output):
        raise click.UsageError(f"{what} prints on stdout, and -o would write there as well")
