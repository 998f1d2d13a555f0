"""Templates: ours, and over them those of a user's project, file by file and block by block.

A user's file is looked for first. `ours/report.md.j2` is always ours, so that a user's report.md.j2
can say `{% extends "ours/report.md.j2" %}` and give some blocks of its own. What templates see is
the view model (docs/view-model.md), of which a file says the version that it was written for:
`{# view model 1 #}`. One that says none is somebody else's (`users`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    Undefined,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from orchestrator.here import shipped
from orchestrator.report.printing import filters
from orchestrator.report.printing.form import Form
from orchestrator.report.printing.mistakes import told
from orchestrator.report.printing.users import UsersLoader, our_shelves
from orchestrator.report.wording.plain import plain, typed

# What a block that prints nothing leaves behind.
_BLANK_LINES = re.compile(r"\n{3,}")


def fill(template: str, form: Form, own: Path | None = None, **views: object) -> str:
    """A page through the one gate: all that `template` prints of `views` passes it.

    own: the folder of a user's templates. UsageError: one of those is wrong; the message names the
    file, the line and what is not there.
    """
    try:
        text = _environment(form, own).get_template(template).render(**views)
        return _BLANK_LINES.sub("\n\n", text)
    except Exception as exc:
        if own is None or (said := told(exc, own)) is None:
            raise
        raise said from exc


def own_folder(project: Path) -> Path | None:
    """Where a project has templates of its own; None where it has none, or they are ours."""
    folder = project / "templates"
    if not folder.is_dir() or folder.resolve() == shipped.folder("templates").resolve():
        return None
    return folder


@cache
def _environment(form: Form, own: Path | None) -> Environment:
    """Jinja with one gate: `finalize` sees every printed value, so none can slip past it.

    Users' templates are carried out in a sandbox: a project may come from somebody else.
    """
    shelves = our_shelves(form)
    kind = Environment if own is None else ImmutableSandboxedEnvironment
    users = [] if own is None else [UsersLoader(own, form)]
    filled = kind(
        loader=ChoiceLoader(
            [*users, FileSystemLoader(shelves), PrefixLoader({"ours": FileSystemLoader(shelves)})]
        ),
        undefined=StrictUndefined,
        finalize=_gate(form),
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    filled.filters.update(filters.of(form))
    return filled


def _gate(form: Form) -> Callable[[object], str]:
    gate = typed if form is Form.TEXT else plain

    def through(value: object) -> str:
        # What is not there says so itself, by its name.
        return gate(str(value) if isinstance(value, Undefined) else value)

    return through
