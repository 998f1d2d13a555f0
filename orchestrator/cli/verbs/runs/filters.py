"""The options of a list of runs, and what they ask of the index."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from orchestrator.cli.given import options
from orchestrator.cli.given.quantities import Whole
from orchestrator.cli.session import Session
from orchestrator.cli.verbs.runs.columns import COLUMNS
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from orchestrator.store.index.values import Wanted

F = TypeVar("F", bound=Callable[..., Any])
_AGO = re.compile(r"(\d{1,6})([smhdw])")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(rf"{_DAY.pattern}[T ]", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_HEX = re.compile(r"[0-9a-f]{4,64}")
_WHOLE = (40, 64)  # digits of a commit's name, by SHA-1 and SHA-256
_EXACT = ("verb", "operator", "provider", "gpu", "status", "tag", "branch")
_FOR_A_HOST = ("as_json", "host", "accept_new_host_key")


@dataclass(frozen=True)
class Shape:
    """How a list is printed. columns: their names, () for those that fit the place; sort: one of
    them, with a dash before it the other way round; limit: of sorted ones, 0 for all."""

    form: str
    columns: tuple[str, ...]
    sort: str
    limit: int

    @property
    def sorts(self) -> tuple[str, ...]:
        """The column that is sorted by, if one is."""
        return (self.sort.removeprefix("-"),) if self.sort else ()


class When(click.ParamType["str"]):
    """A day, a moment in ISO 8601, or how long ago: 2026-11-22, 2026-11-22T10:15:30Z, 7d, 12h."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """A day as 2026-11-22, all else as a moment of UTC: these are compared as texts."""
        text = str(value).strip()
        try:
            if ago := _AGO.fullmatch(text):
                now = datetime.now(timezone.utc)
                return (now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).isoformat()
            if _DAY.fullmatch(text):
                return date.fromisoformat(text).isoformat()
            if not _MOMENT.match(text):  # each Python takes other forms
                raise ValueError(text)
            at = datetime.fromisoformat(text.replace("Z", "+00:00"))
            at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
            return at.astimezone(timezone.utc).isoformat()
        except (ValueError, OverflowError):
            expected = "expected 2026-11-22, 2026-11-22T10:15:30Z, or how long ago, such as 7d"
            self.fail(f"{text[:60]!r} is no time; {expected}", param, ctx)


def options_of_runs(function: F) -> F:
    """Which runs."""
    every = (
        click.option("--verb", metavar="NAME", help="Those that this command made, e.g. bench."),
        click.option("--operator", metavar="NAME", help="Those of this operator."),
        click.option("--provider", metavar="NAME", help="Those in which it was timed."),
        click.option("--gpu", metavar="NAME", help="Those on a GPU whose name has this in it."),
        click.option("--commit", metavar="REV", help="Those made at this git revision."),
        click.option("--branch", metavar="NAME", help="Those made on this git branch."),
        click.option("--since", type=When(), help="Those made then or later: 2026-11-22, or 7d."),
        click.option("--until", type=When(), help="Those made before; a day is meant whole."),
        click.option("--status", metavar="WORD", help="ok, failed, pending, lost, changed, ..."),
        click.option("--tag", metavar="NAME", help="Those that have this tag."),
    )
    return _with(function, every)


def options_of_a_list(function: F) -> F:
    """Filters, order and form."""
    every = (
        click.option("--sort", metavar="COLUMN", help="By this column; -COLUMN: the other way."),
        click.option("--columns", type=options.Names("column", lambda: tuple(COLUMNS)),
                     help=f"Which to print, of {', '.join(COLUMNS)}."),
        click.option("--limit", type=Whole(1), help="So many at the most, the newest."),
        click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with a line of names."),
        options.json_option,
    )  # fmt: skip
    return options_of_runs(_with(function, every))


def _with(function: F, every: Sequence[Callable[[F], F]]) -> F:
    for add in reversed(every):
        function = add(function)
    return function


def wanted(session: Session, given: dict[str, Any]) -> Wanted:
    """What the options ask for. UsageError: a revision that nothing goes by."""
    from orchestrator.store.index.values import Wanted

    exact: dict[str, Any] = {name: given[name] or "" for name in _EXACT}
    return Wanted(
        host=given.get("host") or "",
        since=given["since"] or "",
        until=given["until"] or "",
        commits=_commits(session, given["commit"]),
        last=0 if given.get("sort") else given.get("limit") or 0,
        **exact,
    )


def _commits(session: Session, revision: str | None) -> tuple[str, ...]:
    """Full names, or the beginning of one that need not be known to git. What git knows by a word
    comes first: a tag may be called 20261122, a branch facade."""
    is_hex = _HEX.fullmatch(revision or "") is not None
    if not revision or (is_hex and len(revision) in _WHOLE):
        return (revision,) if revision else ()
    from orchestrator.here.committed import commit

    try:
        digest = commit(session.here, revision).digest
    except UsageError as exc:
        if is_hex:
            return (revision,)
        told = exc.message.removeprefix("--against ")
        raise UsageError(f"--commit {told}", hint=exc.hint) from exc
    return (revision if is_hex and digest.startswith(revision) else digest,)


def shape(given: dict[str, Any]) -> Shape:
    """How the list is to look. UsageError, BadParameter for what cannot be."""
    if given["as_json"] and given["as_csv"]:
        raise click.UsageError("--json and --csv are two forms; choose one")
    sort = given["sort"] or ""
    if sort and sort.removeprefix("-") not in COLUMNS:
        raise click.BadParameter(
            f"there is no column {sort!r}; known: {', '.join(COLUMNS)}", param_hint="'--sort'"
        )
    form = "json" if given["as_json"] else "csv" if given["as_csv"] else ""
    return Shape(form, given["columns"] or (), sort, given["limit"] or 0)


def is_open(given: dict[str, Any]) -> bool:
    """Whether nothing was left out."""
    return not any(given.get(name) for name in (*_EXACT, "host", "commit", "since", "until"))


def refuse_for_a_host(ctx: click.Context) -> None:
    """UsageError for what a host cannot be asked: it knows its runs by their names alone."""
    for param in ctx.command.params:
        name = param.name or ""
        given = ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in _FOR_A_HOST:
            raise click.UsageError(
                f"{param.opts[0]} is about runs that are kept here, and --host lists those there; "
                f"`orchestrator runs list --host {ctx.params['host']} {param.opts[0]} …` looks "
                "through those that came from there",
                ctx,
            )
