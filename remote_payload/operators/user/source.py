"""A user's operator file as it lies on the host: imported, and its functions called by name.

Only workers come here: whatever the file does, it does to a process that can be ended.
"""

from __future__ import annotations

import hashlib
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, Tuple

from remote_payload.operators import provider_file
from remote_payload.operators.user import protocol, stated
from remote_payload.operators.user.stated import BadOperator, Function
from remote_payload.processes import places
from remote_payload.processes.places import sentence

_DIGEST_DIGITS = 16


class Source:
    """The file behind a target, "path/in/the/snapshot.py" or "path.py:Class", loaded.

    BadOperator: it cannot be read, or imported, or states what it must not.
    """

    def __init__(self, target: str, root: str) -> None:
        where, _, part = target.partition(":")
        self.path = (Path(root) / where).resolve()
        self.file = self.path.name
        try:
            self._text = self.path.read_bytes()
        except OSError as exc:
            raise BadOperator(f"{self.file}:1", f"it cannot be read: {exc.strerror}") from None
        protocol.read(stated.from_text(self._text, self.file, part))
        module = self._imported(root)
        thing = getattr(module, part, None) if part else module
        self.stated = stated.from_module(thing, self._text, self.file, part)
        self.protocol = protocol.read(self.stated)

    @property
    def digest(self) -> str:
        """Of the file, for what is said of a provider in it."""
        return hashlib.sha256(self._text).hexdigest()[:_DIGEST_DIGITS]

    def function(self, name: str) -> Function:
        """A function that `protocol.read` found to be one."""
        found: Function = self.stated.values[name]
        return found

    def run(self, name: str, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """What a function of the file returns; BadOperator with the line in which it raised."""
        try:
            return call(*given, **named)
        except (Exception, SystemExit) as exc:
            places.trace()
            raise BadOperator(self._where(exc, name), f"{name} raised {_of(exc)}") from exc

    def _imported(self, root: str) -> Any:
        try:
            return provider_file.load(self.path, Path(root))
        except ImportError as exc:
            problem = f"it imports what is not here: {exc}"
            lacking = (exc.name or "").partition(".")[0]
            if isinstance(exc, ModuleNotFoundError) and lacking:
                how = f"install it on the host, or put {lacking}.py beside the file"
                problem = f"it imports {lacking}, which the host's Python lacks; {how}"
            raise BadOperator(self._where(exc, ""), problem, unfit=True) from exc
        except (Exception, SystemExit) as exc:
            places.trace()
            problem = f"importing it raised {_of(exc)}"
            raise BadOperator(self._where(exc, ""), problem) from exc

    def _where(self, exc: BaseException, name: str) -> str:
        """The last line of the file that was on the way to the exception."""
        frames = traceback.extract_tb(exc.__traceback__)
        own = [frame.lineno for frame in frames if frame.filename == str(self.path)]
        return f"{self.file}:{own[-1]}" if own else self.stated.place(name)


def _of(exc: BaseException) -> str:
    if isinstance(exc, SystemExit):
        return f"SystemExit({exc.code!r}), which ends the program"
    return sentence(exc)


def by_name(function: Function, **known: Any) -> Dict[str, Any]:
    """Of what is known, what a function wants."""
    return {name: value for name, value in known.items() if protocol.takes(function, name)}


def names_of(function: Function, number: int, scalars: Tuple[str, ...]) -> Tuple[str, ...]:
    """What the first `number` arguments of a function are called."""
    named = [n for n in (*function.parameters, *function.optional) if n not in scalars]
    return tuple(named[n] if n < len(named) else f"x{n}" for n in range(number))
