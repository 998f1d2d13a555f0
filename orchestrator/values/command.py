"""A remote command as data, and the only place in the program that quotes for a shell."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import zlib
from dataclasses import dataclass, field

from orchestrator.values.text import is_seen

_DIGEST_DIGITS = 12
# A login shell need not be a POSIX one. In quotes fish reads `\\` its own way, csh `!` and line
# ends; both have their own mind about bytes beyond ASCII. Such words travel as octal escapes,
# which printf(1) takes back in a POSIX shell: `%b` and `\0ooo` are POSIX. The dot keeps a last
# line end, which $( ) would drop.
_DISPUTED = re.compile(r"[^ -~]|[\\!]")
_UNESCAPE = 'for w do shift; w=$(printf %b. "$w"); set -- "$@" "${w%.}"; done; exec "$@"'
_IN_POSIX = f"exec /bin/sh -c {shlex.quote(_UNESCAPE)} sh"


@dataclass(frozen=True)
class Program:
    """A Python program that travels inside its command line: nothing to install on the host.

    name: for people and dry runs, e.g. "receive". source: the program's text.
    """

    name: str
    source: str

    @property
    def bootstrap(self) -> str:
        """A one-line Python statement that unpacks and runs the source."""
        packed = base64.b64encode(zlib.compress(self.source.encode(), 9)).decode()
        return f"import zlib,base64;exec(zlib.decompress(base64.b64decode('{packed}')))"

    @property
    def brief(self) -> str:
        """What stands for the bootstrap where people read: name, size and digest of that text."""
        text = self.bootstrap.encode()
        digest = hashlib.sha256(text).hexdigest()[:_DIGEST_DIGITS]
        return f"<{self.name}, {len(text):,} bytes, sha256 {digest}>"


@dataclass(frozen=True)
class Command:
    """argv and nothing else; no environment prefix, no pipes, no globbing.

    secrets: argv texts that a printed form must mask. program: what one of the words carries.
    """

    argv: tuple[str, ...]
    secrets: frozenset[str] = field(default_factory=frozenset)
    program: Program | None = None

    def __post_init__(self) -> None:
        if not self.argv or not self.argv[0]:
            raise ValueError("a command needs a program to run")
        for word in self.argv:
            if "\0" in word:
                raise ValueError("a command word cannot hold a NUL byte")

    def shell_line(self) -> str:
        """The exact text for the host's login shell; `exec` leaves no shell process behind."""
        return self._line(None)

    def brief(self) -> str:
        """shell_line() for people: a program that it carries is named in place of its text."""
        return self._line(self.program.brief if self.program else None)

    def assigned(self) -> tuple[str, str]:
        """shell_line() as two: an assignment of the long program to a shell variable (empty
        without one), and the command that uses it. A shell that runs both runs shell_line()."""
        if self.program is None:
            return "", self.shell_line()
        name = self.program.name.upper()
        return f"{name}={shlex.quote(self.program.bootstrap)}", self._line(f'"${name}"')

    def _line(self, program: str | None) -> str:
        """shell_line(), with `program` in place of the word that carries one."""
        disputed = any(map(_DISPUTED.search, self.argv))
        words = {word: _quoted(_escaped(word)) for word in self.argv}
        if self.program and program is not None:
            words[self.program.bootstrap] = program
        start = _IN_POSIX if disputed else "exec"
        return " ".join([start, *(words[word] for word in self.argv)])

    def __str__(self) -> str:
        return shlex.join("***" if word in self.secrets else word for word in self.argv)


def _escaped(word: str) -> str:
    return _DISPUTED.sub(lambda found: _octal(found[0]), word)


def _octal(character: str) -> str:
    return "".join(f"\\0{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


def _quoted(word: str) -> str:
    """For every shell: zsh expands a bare `=ls`, fish a bare `%self`."""
    return f"'{word}'" if word[:1] in ("=", "%") and "'" not in word else shlex.quote(word)


def python_program(python: str, program: Program, *arguments: str) -> Command:
    """Run `program` under the host's `python`, isolated from its site packages and our cwd."""
    return Command((python, "-IS", "-c", program.bootstrap, *arguments), program=program)


def typed(*words: str) -> str:
    """A command line that a shell reads as these words, of characters that can all be seen.

    Others, and bytes that are no text, are spelled in the $'…' of bash, zsh, ksh and POSIX.1-2024.
    """
    return " ".join(_quoted(w) if all(map(is_seen, w)) else _dollar_quoted(w) for w in words)


def about(verb: str, name: str, *options: str) -> str:
    """Our command about one run by its folder's name, which may begin as an option does."""
    words = (*options, "--", name) if name.startswith("-") else (name, *options)
    return typed("orchestrator", verb, *words)


def _dollar_quoted(word: str) -> str:
    def spelled(character: str) -> str:
        if is_seen(character):
            return f"\\{character}" if character in "'\\" else character
        # A byte of a name that is no text is such a half of a surrogate, PEP 383.
        how = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
        return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", how))

    return f"$'{''.join(map(spelled, word))}'"
