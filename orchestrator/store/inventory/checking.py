"""Blocks of text against what their keys may hold: every problem of a block, found in one walk.

By hand, as loading a library for it takes half as long as a whole command on an open connection.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any, ClassVar, TypeVar

from orchestrator.store.inventory.values import RefusedError

Check = Callable[[object], Any]


class WrongError(ValueError):
    """A value of another form than the key takes. at: below the key, where that is a mapping."""

    def __init__(self, wrong: list[Wrong] | None = None) -> None:
        super().__init__()
        self.wrong = wrong or []


@dataclass(frozen=True)
class Wrong:
    """One thing wrong. at: its keys, outermost first; value: what stands there.

    kind: "value", "name" (of a key that may be chosen), "unknown" or "missing" (keys). refused: the
    words for a value that has the right form.
    """

    at: tuple[str, ...]
    value: object
    kind: str = "value"
    refused: RefusedError | None = None


class Keys:
    """The keys of one kind of block: a frozen dataclass whose fields each say their `check`."""

    known: ClassVar[Mapping[str, Any]]

    @classmethod
    def before(cls, written: dict[str, Any]) -> dict[str, Any]:
        """What is meant by what is written; RefusedError."""
        return written

    @classmethod
    def beside(cls, name: str, value: Any, values: Mapping[str, Any]) -> Any:
        """A value that is right by itself, beside those of the fields before; RefusedError."""
        return value

    def after(self) -> None:
        """RefusedError where right values do not go together."""


Model = TypeVar("Model", bound=Keys)


def key(check: Check, default: Any = None) -> Any:
    """A field of `Keys`."""
    return field(default=default, metadata={"check": check})


def required(check: Check) -> Any:
    """A field of `Keys` that has to be there."""
    return field(metadata={"check": check})


def free(check: Check) -> Any:
    """A field of `Keys` that is a mapping, empty where it is left out."""
    return field(default_factory=dict, metadata={"check": check})


def names_of(model: type[Keys]) -> tuple[str, ...]:
    """The keys that a block takes."""
    return tuple(one.name for one in dataclasses.fields(model))  # type: ignore[arg-type]


def checked(model: type[Model], written: object) -> Model:
    """The block's values; WrongError holds all that is wrong with it."""
    if not isinstance(written, dict):
        raise WrongError
    try:
        written = model.before(written)
    except RefusedError as error:
        raise WrongError([Wrong((), written, refused=error)]) from error
    values: dict[str, Any] = {}
    wrong = list(_read(model, written, values))
    if wrong:
        raise WrongError(wrong)
    made = model(**values)
    try:
        made.after()
    except RefusedError as error:
        raise WrongError([Wrong((), written, refused=error)]) from error
    return made


def _read(model: type[Keys], written: dict[str, Any], values: dict[str, Any]) -> Iterator[Wrong]:
    """Fill in values; what is wrong."""
    for one in dataclasses.fields(model):  # type: ignore[arg-type]
        if one.name not in written:
            if one.default is MISSING and one.default_factory is MISSING:
                yield Wrong((one.name,), written, "missing")
            continue
        given = written[one.name]
        try:
            values[one.name] = model.beside(one.name, one.metadata["check"](given), values)
        except RefusedError as error:
            yield Wrong((one.name,), given, refused=error)
        except WrongError as error:
            for inner in error.wrong or [Wrong((), given)]:
                yield dataclasses.replace(inner, at=(one.name, *inner.at))
    for name in written.keys() - set(names_of(model)):
        yield Wrong((name,), written[name], "unknown")


def text(
    pattern: str, then: Callable[[str], str] = str, first: Callable[[str], str] = str
) -> Check:
    """Text of that form, and what is made of it. first: what is made of it before."""
    form = re.compile(pattern)

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise WrongError
        given = first(value)
        if not form.fullmatch(given):
            raise WrongError
        return then(given)

    return check


def whole(least: int, most: int) -> Check:
    """A whole number in plain digits; Python would also read underscores, signs and fractions."""

    def check(value: object) -> int:
        if not (isinstance(value, str) and value.isascii() and value.isdigit()):
            raise WrongError
        digits = value.lstrip("0") or "0"
        if len(digits) > len(str(most)) or not least <= int(digits) <= most:
            raise WrongError
        return int(digits)

    return check


def one_of(words: Mapping[str, Any]) -> Check:
    """One of the words, and what it means."""

    def check(value: object) -> Any:
        if not isinstance(value, str) or value not in words:
            raise WrongError
        return words[value]

    return check


def mapping(name: Check | None = None, inner: Check | None = None, least: int = 0) -> Check:
    """A mapping whose names and values are of these forms; None: of any."""

    def check(value: object) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) < least:
            raise WrongError
        wrong: list[Wrong] = []
        made: dict[str, Any] = {}
        for key_, one in value.items():
            try:
                if name:
                    name(key_)
            except WrongError:
                wrong.append(Wrong((key_,), one, "name"))
            try:
                made[key_] = inner(one) if inner else one
            except WrongError:
                wrong.append(Wrong((key_,), one))
        if wrong:
            raise WrongError(wrong)
        return made

    return check


def block(model: type[Keys]) -> Check:
    """A block within a block."""
    return lambda value: checked(model, value)
