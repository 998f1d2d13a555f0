"""In which form a result is printed: --format, and --json and --markdown, which are two of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from orchestrator.cli.given import options
from orchestrator.cli.screen import console
from orchestrator.errors import RunError
from orchestrator.report.exporting.names import Format

if TYPE_CHECKING:
    from orchestrator.report.exporting.exported import Exported

F = TypeVar("F", bound=Callable[..., Any])


def form_options(function: F) -> F:
    """--format NAME, --markdown and --json; `asked` takes them out of a verb's options."""
    function = options.json_option(function)
    function = click.option(
        "--markdown", "as_markdown", is_flag=True, help="Print Markdown, as --format markdown."
    )(function)
    return click.option(
        "--format",
        "form",
        type=click.Choice([one.value for one in Format]),
        help="Print it so on stdout: for people, a spreadsheet, annotations of GitHub Actions, or "
        "programs that follow benchmarks (docs/sharing.md).",
    )(function)


def asked(given: dict[str, Any]) -> Format | None:
    """The one form that was asked for, None where none was. UsageError: two different ones."""
    named, as_json = given.pop("form", None), given.pop("as_json", False)
    shorthands = {Format.JSON: as_json, Format.MARKDOWN: given.pop("as_markdown", False)}
    forms = {form for form, is_given in shorthands.items() if is_given}
    forms |= {Format(named)} if named else set()
    if len(forms) > 1:
        told = " and ".join(sorted(form.value for form in forms))
        raise click.UsageError(f"stdout has one form, and {told} were asked for; choose one")
    return next(iter(forms), None)


def typed(form: Format) -> str:
    """The option by which it was asked for, in one of its ways."""
    return "--json" if form is Format.JSON else f"--format {form.value}"


def show(exported: Exported) -> bool:
    """Print it, and on stderr what had to be left out; whether there was a figure to print."""
    if exported.text:
        console.page(exported.text)
    if exported.left_out:
        console.note(exported.left_out)
    return bool(exported.text)


def nothing(form: Format, of: str, look: str) -> RunError:
    """That nothing of a run can be passed on in a form that is about figures."""
    return RunError(
        f"{of} has no figure that can be trusted, so nothing is printed as {form.value}",
        hint=f"Why: {look}",
    )
