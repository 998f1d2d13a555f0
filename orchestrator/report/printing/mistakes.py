"""What is wrong in a user's template, said so that it can be mended."""

from __future__ import annotations

import re
import traceback
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path

from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

from orchestrator.errors import OrchestratorError, UsageError
from orchestrator.report.view.model import views

_HINT = "What templates can print, by name: docs/view-model.md."
_NO_FIELD = re.compile(r"'(?:\w+\.)*(\w+) object' has no attribute '(\w+)'")
_NO_NAME = re.compile(r"'(\w+)' is undefined")


def told(exc: Exception, own: Path) -> OrchestratorError | None:
    """The mistake with file and line; None where no file of the user has a part in it."""
    if isinstance(exc, OrchestratorError):
        return exc
    place = _place(exc, own)
    return UsageError(f"{place}: {_words(exc)}", hint=_HINT) if place else None


def _place(exc: Exception, own: Path) -> str | None:
    """The last line of the user's that was carried out, or that could not be read."""
    if isinstance(exc, TemplateSyntaxError):
        file = exc.filename or exc.name or ""
        return f"{file}:{exc.lineno}" if _is_own(file, own) else None
    frames = traceback.extract_tb(exc.__traceback__)
    mine = [frame for frame in frames if _is_own(frame.filename, own)]
    return f"{mine[-1].filename}:{mine[-1].lineno}" if mine else None


def _is_own(file: str, own: Path) -> bool:
    return Path(file).is_relative_to(own)


def _words(exc: Exception) -> str:
    said = str(exc) or type(exc).__name__
    if isinstance(exc, TemplateNotFound):
        return f"there is no template {exc.name}"
    if isinstance(exc, TemplateSyntaxError):
        return f"this is no template: {said}"
    if isinstance(exc, UndefinedError):
        return _missing(said)
    return said


def _missing(said: str) -> str:
    """The name that is not there, and one like it that is."""
    if found := _NO_FIELD.search(said):
        view, name = found[1], found[2]
        known = {cls.__name__: [one.name for one in fields(cls)] for cls in views()}.get(view, [])
        like = get_close_matches(name, known, 1)
        return f"{view} has no {name!r}{f'; it has {like[0]!r}' if like else ''}"
    if found := _NO_NAME.search(said):
        return f"nothing here is called {found[1]!r}"
    return said
