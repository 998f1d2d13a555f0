"""The client's half of an SSH login: RFC 4252 (keys, passwords) and RFC 4256 (questions).

Paramiko signs, and puts a server's questions, in the thread that reads the connection: a key that
cannot sign ends the connection there, and so does a person who thinks for longer than a limit.
Here that thread only hands over what the server says; the caller signs, asks and waits. As
OpenSSH does, we can ask whether a key is welcome before anybody has to confirm a signature.
"""

from __future__ import annotations

import queue
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.transport.login.trust import Question

_SERVICE_REQUEST, _SERVICE_ACCEPT = 5, 6
_REQUEST, _FAILURE, _SUCCESS, _BANNER = 50, 51, 52, 53
# 60 answers the last request: a welcome key, questions, or the wish for a new password.
_IN_BETWEEN, _RESPONSE = 60, 61
_SERVICE = "ssh-userauth"
_CERTIFIED = "-cert-v01@openssh.com"
_RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")
# Any server may take these, also one that does not name them: its list may be that of RSA alone.
_KNOWN_KINDS = re.compile(r"(sk-)?(ssh-ed25519|ecdsa-sha2-nistp\d+)(-cert-v01)?(@openssh\.com)?\Z")
_POLL_S = 0.1
# A person types, or confirms on a telephone; sshd's LoginGraceTime is 120 s.
PERSON_LIMIT_S = 120.0
_BANNER_CHARACTERS = 2000


class CannotSignError(Exception):
    """Nothing came of a signature; the text says why, for people."""


@dataclass(frozen=True)
class Signer:
    """A key that can prove itself. kind: its SSH name; blob: the public half as it is sent.

    sign: (data, algorithm) -> signature as it is sent; CannotSignError.
    """

    kind: str
    blob: bytes
    sign: Callable[[bytes, str], bytes]


@dataclass(frozen=True)
class Begun:
    """The server takes requests now."""


@dataclass(frozen=True)
class Accepted:
    """We are in."""


@dataclass(frozen=True)
class Refused:
    """Not yet. methods: what may be tried next; partly: the last try counted as one of several."""

    methods: tuple[str, ...]
    partly: bool


@dataclass(frozen=True)
class Welcome:
    """A signature by this key would be accepted."""


@dataclass(frozen=True)
class Questions:
    """A round of keyboard-interactive; questions may be none, and there may be more rounds."""

    title: str
    instruction: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class NewPassword:
    """The password is right and has expired."""


Answer = Begun | Accepted | Refused | Welcome | Questions | NewPassword


class Dialogue:
    """One login on a Paramiko connection, which takes it for its auth_handler.

    Every request returns the server's answer. TimeoutError: none came in time; EOFError, or what
    Paramiko met: the connection is gone. message: makes an empty Paramiko message.
    """

    def __init__(self, link: Any, user: str, limit_s: float, message: Callable[[], Any]) -> None:
        self._link, self._user, self._limit_s, self._message = link, user, limit_s, message
        self._heard: queue.Queue[Answer | None] = queue.Queue()
        self._method = ""
        self._accepted = False
        self.banner = ""
        self._handler_table = {
            _SERVICE_ACCEPT: lambda said: self._heard.put(Begun()),
            _SUCCESS: self._on_success,
            _FAILURE: lambda said: self._heard.put(
                Refused(tuple(said.get_list()), said.get_boolean())
            ),
            _BANNER: self._on_banner,
            _IN_BETWEEN: self._on_in_between,
        }

    def begin(self) -> None:
        """Ask for the service; the server answers before it takes a request."""
        self._link.auth_handler = self
        asked = self._new(_SERVICE_REQUEST)
        asked.add_string(_SERVICE)
        self._asked(asked, self._limit_s)

    def nothing(self) -> Answer:
        """Ask to come in without any proof: the refusal tells what the server takes."""
        return self._asked(self._request("none"), self._limit_s)

    def knows(self, key: Signer) -> Answer:
        """Whether a signature by key would be accepted: Welcome or Refused."""
        asked = self._request("publickey")
        asked.add_boolean(False)
        asked.add_string(self._algorithm(key))
        asked.add_string(key.blob)
        return self._asked(asked, self._limit_s)

    def prove(self, key: Signer) -> Answer:
        """Sign as the owner of key. CannotSignError: nothing was sent."""
        algorithm = self._algorithm(key)
        asked = self._request("publickey")
        asked.add_boolean(True)
        asked.add_string(algorithm)
        asked.add_string(key.blob)
        signed = self._message()
        signed.add_string(self._link.session_id)
        asked.add_string(key.sign(signed.asbytes() + asked.asbytes(), algorithm))
        return self._asked(asked, self._limit_s)

    def converse(self) -> Answer:
        """Begin keyboard-interactive."""
        asked = self._request("keyboard-interactive")
        asked.add_string("")  # language, unused
        asked.add_string("")  # the server chooses the method
        return self._asked(asked, PERSON_LIMIT_S)

    def reply(self, answers: Sequence[str]) -> Answer:
        """Answer a round of questions, in their order."""
        said = self._new(_RESPONSE)
        said.add_int(len(answers))
        for answer in answers:
            said.add_string(_as_typed(answer))
        return self._asked(said, PERSON_LIMIT_S)

    def password(self, password: str) -> Answer:
        """Log in with a password."""
        asked = self._request("password")
        asked.add_boolean(False)
        asked.add_string(_as_typed(password))
        return self._asked(asked, PERSON_LIMIT_S)

    def is_alive(self) -> bool:
        """Whether the connection is."""
        self._link.join(_POLL_S)  # as in ssh_channel.starting()
        return bool(self._link.is_active())

    # What Paramiko asks of its auth_handler.

    def is_authenticated(self) -> bool:
        return self._accepted

    def get_username(self) -> str:
        return self._user

    def abort(self) -> None:
        self._heard.put(None)

    def _on_success(self, said: Any) -> None:
        self._accepted = True
        self._link._auth_trigger()
        self._heard.put(Accepted())

    def _on_banner(self, said: Any) -> None:
        text = said.get_binary().decode("utf-8", "replace")
        self.banner = (self.banner + text)[-_BANNER_CHARACTERS:]

    def _on_in_between(self, said: Any) -> None:
        if self._method == "publickey":
            self._heard.put(Welcome())
        elif self._method == "password":
            self._heard.put(NewPassword())
        else:
            title, instruction, _ = (said.get_binary().decode("utf-8", "replace") for _ in range(3))
            questions = tuple(
                Question(said.get_binary().decode("utf-8", "replace"), said.get_boolean())
                for _ in range(min(said.get_int(), 64))
            )
            self._heard.put(Questions(title, instruction, questions))

    def _new(self, number: int) -> Any:
        said = self._message()
        said.add_byte(bytes([number]))
        return said

    def _request(self, method: str) -> Any:
        self._method = method
        asked = self._new(_REQUEST)
        for word in (self._user, "ssh-connection", method):
            asked.add_string(_as_typed(word))
        return asked

    def _asked(self, message: Any, limit_s: float) -> Answer:
        if self._link.is_active():
            self._link._send_message(message)
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            try:
                heard = self._heard.get(timeout=_POLL_S)
            except queue.Empty:
                heard = None
            if heard is not None:
                return heard
            if not self._link.is_active():
                raise self._link.get_exception() or EOFError("the connection ended")
        raise TimeoutError(f"no answer to a login within {limit_s:g} s")

    def _algorithm(self, key: Signer) -> str:
        """How key signs here: an RSA key has several ways, of which the server names its own.

        CannotSignError: the server would only count such a key as a failed try.
        """
        said: bytes = self._link.server_extensions.get("server-sig-algs", b"")
        named = said.decode("ascii", "replace").split(",") if said else []
        if not key.kind.startswith("ssh-rsa"):
            if not _KNOWN_KINDS.match(key.kind) and key.kind not in named:
                raise CannotSignError(f"{key.kind} is a kind of key that the host does not know")
            return key.kind
        shared = [name for name in _RSA_SIGNATURES if name in named or not named]
        if not shared:
            raise CannotSignError("the host and we share no way of signing with RSA")
        return shared[0] + (_CERTIFIED if key.kind.endswith(_CERTIFIED) else "")


def _as_typed(text: str) -> bytes:
    """UTF-8 (RFC 4252, section 8), and what was none at the keyboard or in a file as it was."""
    return text.encode("utf-8", "surrogateescape")
