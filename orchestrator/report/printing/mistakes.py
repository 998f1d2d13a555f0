"""What is wrong in a user's template, said so that it can be mended."""

from __future__ import annotations

import traceback
from pathlib import Path

from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

from orchestrator.errors import OrchestratorError, UsageError

HINT = "What templates can print, by name: docs/view-model.md."


def told(exc: Exception, own: Path) -> OrchestratorError | None:
    """The mistake with file and line; None where no file of the user has a part in it."""
    if isinstance(exc, OrchestratorError):
        return exc
    place = _place(exc, own)
    if place is None:
        return None
    return UsageError(f"{place}: {_words(exc)}", hint=HINT)


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
    if isinstance(exc, TemplateNotFound):
        return f"there is no template {exc.name}"
    if isinstance(exc, UndefinedError):
        return f"{exc.message}, so there is nothing to print" if exc.message else "it is not there"
    said = str(exc) or type(exc).__name__
    return f"not a template: {said}" if isinstance(exc, TemplateSyntaxError) else said
