"""The files of a user's templates, told from those of other programs in a folder of that name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, TemplateNotFound

from orchestrator.errors import UsageError
from orchestrator.here import shipped
from orchestrator.report.printing.form import Form
from orchestrator.report.section import FOLDER
from orchestrator.report.view.tables import VIEW_MODEL

_WRITTEN_FOR = re.compile(rb"\{#-?\s*view model (\d+)\b")
_HINT = (
    "docs/view-model.md says what a template can print; then write into its first line: "
    f"{{# view model {VIEW_MODEL} #}}"
)
# Pages of ours that no file of a user's stands over.
_FIXED = ("site", "page.j2")


def our_shelves(form: Form) -> list[Path]:
    """Where ours lie, in the order in which they are looked for."""
    ours = shipped.folder("templates")
    return [ours / form.value, ours, FOLDER]


def passed_over(own: Path) -> list[Path]:
    """Files that have a template's name and name no view model: those of other programs, and
    copies from before there was one. Ours are taken in their place."""
    found = (
        own / folder / name
        for name in sorted({*_names()})
        for folder in ("", *(form.value for form in Form))
    )
    return [file for file in dict.fromkeys(found) if file.is_file() and _is_nobodys(file)]


def _is_nobodys(file: Path) -> bool:
    """Not one that cannot be read: whoever asks for it is told so."""
    try:
        return _written_for(file) is None
    except OSError:
        return False


def _names() -> Iterator[Path]:
    """Of all templates that a file of a user's can stand over."""
    for form in Form:
        for shelf in our_shelves(form):
            names = (path.relative_to(shelf) for path in shelf.rglob("*.j2"))
            yield from (name for name in names if name.parts[0] not in _FIXED)


def _written_for(file: Path) -> int | None:
    """The view model that it names. OSError: it cannot be read."""
    said = _WRITTEN_FOR.search(file.read_bytes())
    return int(said[1]) if said else None


class UsersLoader(FileSystemLoader):
    """Refuses what was written for another view model; a file that names none is passed over where
    one of ours has its name."""

    def __init__(self, own: Path, form: Form) -> None:
        self._places: Sequence[Path] = (own / form.value, own)
        self._ours = our_shelves(form)
        super().__init__(list(self._places))

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Any]:
        try:
            found = super().get_source(environment, template)
        except TemplateNotFound:  # an OSError too
            raise
        except UnicodeDecodeError as exc:
            file = next(one for place in self._places if (one := place / template).is_file())
            self._require(file, template)
            raise UsageError(f"{file} is no text in UTF-8: {exc}", hint=_HINT) from exc
        except OSError as exc:
            raise UsageError(f"{exc.filename} cannot be read: {exc.strerror}", hint=_HINT) from exc
        self._require(Path(found[1]), template)
        return found

    def _require(self, file: Path, template: str) -> None:
        said = _written_for(file)
        if said is None and any((shelf / template).is_file() for shelf in self._ours):
            raise TemplateNotFound(template)
        if said != VIEW_MODEL:
            of = "for no view model that it names" if said is None else f"for view model {said}"
            raise UsageError(
                f"{file} was written {of}, and this is view model {VIEW_MODEL}", hint=_HINT
            )
