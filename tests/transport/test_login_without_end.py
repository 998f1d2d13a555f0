"""A server that takes one proof after another and never has enough of them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from orchestrator.errors import AuthenticationError
from orchestrator.transport.connect import FirstContact, Trust, connect
from orchestrator.transport.login.trust import Question
from tests.ssh.server import Keys, SshServer

# Whoever comes so far has no limit; the server hangs up, so that the test ends.
_FAR_TOO_MANY = 200


class _WantsMore(paramiko.ServerInterface):  # type: ignore[misc]
    """Counts whatever it gets as one of several. asks: the questions of each round."""

    def __init__(self, link: paramiko.Transport, method: str, asks: Sequence[str]) -> None:
        self._link, self._method, self._asks = link, method, asks
        self.rounds = 0

    def get_allowed_auths(self, username: str) -> str:
        return self._method

    def check_auth_password(self, username: str, password: str) -> int:
        return self._one_of_several()

    def check_auth_interactive(
        self, username: str, submethods: str
    ) -> int | paramiko.InteractiveQuery:
        if self._method == "keyboard-interactive" and not self._asks:
            return self._one_of_several()
        return paramiko.InteractiveQuery("", "", *self._asks)

    def check_auth_interactive_response(self, responses: Sequence[str]) -> int:
        return self._one_of_several()

    def _one_of_several(self) -> int:
        self.rounds += 1
        if self.rounds == _FAR_TOO_MANY:
            self._link.sock.close()
        return paramiko.AUTH_PARTIALLY_SUCCESSFUL  # type: ignore[no-any-return]


@contextmanager
def wants_more(keys: Keys, method: str, asks: Sequence[str]) -> Iterator[tuple[int, list[int]]]:
    """Its port, and the rounds of its one login when that is over."""
    rounds: list[int] = []

    def serve() -> None:
        near, _ = listener.accept()
        link = paramiko.Transport(near)
        link.add_server_key(paramiko.Ed25519Key.from_private_key_file(str(keys.host)))
        login = _WantsMore(link, method, asks)
        link.start_server(event=threading.Event(), server=login)
        link.join(30)
        rounds.append(login.rounds)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield listener.getsockname()[1], rounds
        serving.join(30)


@pytest.mark.parametrize(
    ("method", "asks"),
    [("keyboard-interactive", ()), ("keyboard-interactive", ("Code: ",)), ("password", ())],
    ids=["no question", "a question", "a password"],
)
def test_a_server_that_never_has_proofs_enough_is_left_after_ten(
    sshd: SshServer, keys: Keys, tmp_path: Path, method: str, asks: tuple[str, ...]
) -> None:
    def answers(said: str, questions: tuple[Question, ...]) -> list[str]:
        return ["x" for _ in questions]

    trust = Trust(tmp_path / "known_hosts", FirstContact.ACCEPT, answers=answers)
    with wants_more(keys, method, asks) as (port, rounds):
        host = replace(sshd.host(), port=port, host_key=None)
        with connect(host, trust) as transport, pytest.raises(AuthenticationError) as caught:
            transport.open()
    assert "has taken 10 proofs one after another, and still wants more" in caught.value.message
    assert "is it the right server?" in caught.value.hint
    assert rounds == [10]
