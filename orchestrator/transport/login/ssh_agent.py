"""The SSH agent: its keys, and its signatures (draft-ietf-sshm-ssh-agent).

Paramiko gives up all of its keys for one that it cannot read, waits for ever, also to reach it, and
loses why nothing was signed; so the two messages we need are here.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

from orchestrator.transport.login.keys import Held, into_agent
from orchestrator.transport.login.ssh_auth import PERSON_LIMIT_S, CannotSignError, Signer
from orchestrator.transport.way.route import Route

_LIST, _LISTED = 11, 12
_SIGN, _SIGNED = 13, 14
_FLAGS = {"rsa-sha2-256": 2, "rsa-sha2-512": 4}
_LIST_LIMIT_S = 10.0
_REACH_LIMIT_S = 2.0
_ANSWER_LIMIT_BYTES = 1 << 20
REFUSED = "the agent refused to sign (not confirmed, expired, locked, or its device is missing)"
GONE = "the agent does not answer any more"
_CUT_SHORT = "it breaks off in the middle of a key"
_WITHOUT = "unset SSH_AUTH_SOCK"
_WITHOUT_NAMED = "say `IdentityAgent none` in ~/.ssh/config"


class Silent(OSError):
    """The agent does not answer in time."""


class _Deaf:
    """In place of an agent that lets nobody reach it."""

    def send(self, data: bytes) -> None:
        raise Silent("it lets nobody reach it")

    def close(self) -> None:
        """Nothing to let go of."""


def reached(place: str) -> Any:
    """A connection to the agent whose socket that is; None where nobody listens, as it is gone."""
    near = socket.socket(socket.AF_UNIX)
    near.settimeout(_REACH_LIMIT_S)
    try:
        near.connect(place)
    except (TimeoutError, BlockingIOError):  # so many wait already that no more may
        near.close()
        return _Deaf()
    except OSError:
        near.close()
        return None
    return near


class Agent:
    """An agent behind `connection`, a socket or what stands in its place; None: no agent.

    without: how a person does without it. problem: why its keys are not known, or "".
    """

    def __init__(self, connection: Any, without: str = _WITHOUT) -> None:
        self._connection, self._without = connection, without
        self.problem = ""

    @property
    def is_none(self) -> bool:
        """Whether there is nobody to ask."""
        return self._connection is None

    def keys(self) -> tuple[Held, ...]:
        """All that it holds, of whatever kind; empty, and a problem, where it cannot be asked."""
        if self._connection is None:
            return ()
        try:
            kind, body = self._asked(bytes([_LIST]), _LIST_LIMIT_S)
            if kind == _LISTED:
                return tuple(self._held(body))
            self.problem = "it does not tell its keys"
        except Silent as error:
            self.close()
            self.problem = f"{error} ({self._without} to do without it, or start another agent)"
        except (OSError, EOFError) as error:
            self.problem = f"it does not tell its keys: {error or type(error).__name__}"
        return ()

    def close(self) -> None:
        """Let go of it."""
        with contextlib.suppress(OSError, AttributeError):
            self._connection.close()
        self._connection = None

    def _held(self, body: bytes) -> Iterator[Held]:
        count, place = _number(body, 0)
        for _ in range(count):
            blob, place = _string(body, place)
            comment, place = _string(body, place)
            with contextlib.suppress(EOFError, UnicodeDecodeError):
                signer = Signer(_string(blob, 0)[0].decode("ascii"), blob, self._signature_by(blob))
                yield Held(signer, comment.decode("utf-8", "replace"))

    def _signature_by(self, blob: bytes) -> Any:
        def sign(data: bytes, algorithm: str) -> bytes:
            flags = _FLAGS.get(algorithm.partition("-cert-")[0], 0)
            asked = bytes([_SIGN]) + _packed(blob) + _packed(data) + struct.pack(">I", flags)
            if self._connection is None:
                raise CannotSignError(GONE)
            try:
                kind, body = self._asked(asked, PERSON_LIMIT_S)
                if kind != _SIGNED:
                    raise CannotSignError(REFUSED)
                return _string(body, 0)[0]
            except (OSError, EOFError) as error:
                self.close()  # an answer that comes late would be taken for the next one's
                raise CannotSignError(GONE) from error

        return sign

    def _asked(self, message: bytes, limit_s: float) -> tuple[int, bytes]:
        deadline = time.monotonic() + limit_s
        try:
            self._until(deadline)
            self._connection.send(_packed(message))
            (size,) = struct.unpack(">I", self._read(4, deadline))
            if not 1 <= size <= _ANSWER_LIMIT_BYTES:
                raise EOFError(f"an answer of {size} bytes")
            answer = self._read(size, deadline)
        except TimeoutError:
            raise Silent(f"it does not answer within {limit_s:g} s") from None
        return answer[0], answer[1:]

    def _until(self, deadline: float) -> None:
        """Each byte in time is not enough: all of an answer has to be there by the deadline."""
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        if hasattr(self._connection, "settimeout"):
            self._connection.settimeout(left_s)

    def _read(self, size: int, deadline: float) -> bytes:
        data = b""
        while len(data) < size:
            self._until(deadline)
            piece = self._connection.recv(size - len(data))
            if not piece:
                raise EOFError("it hung up")
            data += piece
        return data


def agent_of(route: Route) -> Agent:
    """The agent that ssh_config names, or else that of SSH_AUTH_SOCK."""
    if route.agent == "":
        return Agent(None)
    if route.agent is None:
        return Agent(reached(os.environ.get("SSH_AUTH_SOCK", "")))
    agent = Agent(reached(route.agent), _WITHOUT_NAMED)
    if agent.is_none:
        agent.problem = f"IdentityAgent {route.agent} cannot be asked: nobody listens there"
    return agent


def no_key_of_an_agent(route: Route, held: int) -> tuple[str, str]:
    """Why no agent gave a key to offer, and how it would. held: how many it has."""
    if route.agent == "":
        return (
            "IdentityAgent of ~/.ssh/config leads to no agent (it says `none`, or names a variable "
            "that is not set)",
            "take that line out",
        )
    place = os.environ.get("SSH_AUTH_SOCK", "") if route.agent is None else route.agent
    if held:
        count = "1 key" if held == 1 else f"{held} keys"
        return (
            f"IdentitiesOnly leaves out the agent's {count}",
            "choose one of them by IdentityFile in ~/.ssh/config (its .pub half is enough)",
        )
    if not place:
        return "no agent", into_agent(route)
    with contextlib.closing(Agent(reached(place))) as agent:
        is_gone = agent.is_none
    if is_gone:
        return (
            f"no agent (nobody listens at SSH_AUTH_SOCK={place})",
            "start one: `eval $(ssh-agent)`, then `ssh-add`",
        )
    return "the agent holds no key or is locked", "run `ssh-add`, or `ssh-add -X` if it is locked"


def _packed(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _string(data: bytes, place: int) -> tuple[bytes, int]:
    size, begin = _number(data, place)
    end = begin + size
    if end > len(data):
        raise EOFError(_CUT_SHORT)
    return data[begin:end], end


def _number(data: bytes, place: int) -> tuple[int, int]:
    end = place + 4
    if end > len(data):
        raise EOFError(_CUT_SHORT)
    return int.from_bytes(data[place:end], "big"), end
