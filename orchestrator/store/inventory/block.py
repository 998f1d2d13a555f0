"""One block of the inventory read with its schema, and the sentence for each thing wrong."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.store.inventory.checking import (
    Keys,
    Model,
    Wrong,
    WrongError,
    checked,
    names_of,
)
from orchestrator.store.inventory.document import Block, Listing, Problem, Scalar, Tree, nearest
from orchestrator.store.inventory.schema import EXPECTED, LocalKeys, Pod, SshKeys
from orchestrator.store.inventory.variables import (
    BadVariableError,
    MissingVariableError,
    expand,
    has_variables,
)
from orchestrator.values.host import looks_secret

_SHOWN_CHARACTERS = 60
_NOTHING = object()  # None would pass for a key that was left out


class Reading:
    """One block read with the schema: its values, or what is wrong with it.

    lasting: problems of the file, whoever reads it. passing: problems that depend on variables
    of this environment, so that they concern only those who need this block.
    """

    def __init__(self, block: Block, environ: Mapping[str, str]) -> None:
        self.lasting: list[Problem] = []
        self.passing: list[Problem] = []
        self._block = block
        self._environ = environ
        self._unknown: set[tuple[str, ...]] = set()

    def values(self, model: type[Model]) -> Model | None:
        """Return the block as model, or None after noting every problem."""
        written = self._plain(self._block, ())
        try:
            values = checked(model, written)
        except WrongError as exc:
            for wrong in exc.wrong:
                self._note(model, wrong)
            return None
        return None if self.lasting or self.passing else values

    def _plain(self, tree: Tree, location: tuple[str, ...]) -> object:
        if isinstance(tree, Block):
            return {
                name: self._plain(inner, (*location, name)) for name, inner in tree.entries.items()
            }
        if isinstance(tree, Listing):
            return []
        if tree.text is None:
            return _NOTHING
        if not has_variables(tree.text):
            return tree.text
        try:
            return expand(tree.text, self._environ)
        except MissingVariableError as exc:
            mend = f"export {exc}=..., or write a default: ${{{exc}:-value}}"
            said = f"the environment variable {exc} is not set"
            self.passing.append(Problem(tree.line, tree.key, said, mend))
        except BadVariableError as exc:
            mend = "write ${NAME}, ${NAME:-default}, or $$ for a dollar sign"
            said = f"'{exc}' is no variable, expected ${{NAME}}"
            self.lasting.append(Problem(tree.line, tree.key, said, mend))
        self._unknown.add(location)
        return ""

    def _note(self, model: type[Keys], wrong: Wrong) -> None:
        location = wrong.at
        if wrong.refused and wrong.refused.below:
            location = (*location, wrong.refused.below)
        if location in self._unknown:
            return
        tree = self._block.at(location)
        problem = _problem(model, wrong, location, tree)
        depends = isinstance(tree, Scalar) and has_variables(tree.text or "")
        (self.passing if depends else self.lasting).append(problem)


def _unknown_key(tree: Tree, name: str, known: tuple[str, ...]) -> Problem:
    listed = [key for key in EXPECTED if key in known]
    meant = nearest(name, listed)
    mend = f"write {meant} in place of {name}" if meant else f"remove {name}"
    return Problem(tree.line, tree.key, f"unknown key, expected one of {', '.join(listed)}", mend)


def _problem(model: type[Keys], wrong: Wrong, location: tuple[str, ...], tree: Tree) -> Problem:
    if wrong.refused:
        return Problem(tree.line, tree.key, wrong.refused.text, wrong.refused.mend)
    block, name = ("", "", *location)[-2:]
    if wrong.kind == "unknown":
        if model is LocalKeys and name in names_of(SshKeys):
            mend = f"write transport: ssh, or remove {name}"
            return Problem(tree.line, tree.key, "is only for transport: ssh", mend)
        return _unknown_key(tree, name, names_of(Pod if block == "runpod" else model))
    expected = EXPECTED[f"{block}.*" if f"{block}.*" in EXPECTED else name]
    if wrong.kind == "missing":
        key = f"{tree.key}.{name}".lstrip(".")
        return Problem(tree.line, key, f"missing key, expected {expected}", f"add {name}: ...")
    got = "this name" if wrong.kind == "name" else _shown(tree, wrong)
    return Problem(tree.line, tree.key, f"expected {expected}, got {got}", f"correct {name}")


def _shown(tree: Tree, wrong: Wrong) -> str:
    if isinstance(tree, Listing):
        return "a list"
    if isinstance(tree, Block):
        return "a mapping" if tree.entries else "an empty mapping"
    if tree.text is None:
        return "nothing"
    written = repr(tree.text[:_SHOWN_CHARACTERS])
    if not has_variables(tree.text) or looks_secret(tree.text):
        return written
    return f"{str(wrong.value)[:_SHOWN_CHARACTERS]!r} from {written}"
