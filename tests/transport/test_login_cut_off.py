"""A server that hangs up during the login: a dying link, or too many keys."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest

from orchestrator.errors import AuthenticationError, LinkLost
from orchestrator.transport.connect import FirstContact, Trust, connect
from orchestrator.values.host import Host
from tests.ssh.server import Keys, SshServer


class _HangsUp(paramiko.ServerInterface):  # type: ignore[misc]
    """Refuses keys until the last one it hears of, at which the connection is gone."""

    def __init__(self, link: paramiko.Transport, after: int) -> None:
        self._link, self._left = link, after

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self._left -= 1
        if not self._left:
            self._link.sock.close()
        return paramiko.AUTH_FAILED  # type: ignore[no-any-return]


class Server:
    """An SSH server that closes the connection at the nth key."""

    def __init__(self, key: Path, after: int) -> None:
        self._key, self._after = paramiko.Ed25519Key.from_private_key_file(str(key)), after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            link = paramiko.Transport(near)
            link.add_server_key(self._key)
            link.start_server(event=threading.Event(), server=_HangsUp(link, self._after))


@pytest.fixture(params=[1, 2])
def after(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def server(keys: Keys, after: int) -> Iterator[Server]:
    running = Server(keys.host, after)
    yield running
    running.close()


@pytest.fixture
def host(server: Server, sshd: SshServer, home: Path, keys: Keys) -> Host:
    """With two keys to offer."""
    (home / ".ssh").mkdir(mode=0o700)
    for name, key in (("id_ed25519", keys.stranger), ("id_ecdsa", keys.client)):
        (home / ".ssh" / name).write_bytes(key.read_bytes())
        (home / ".ssh" / name).chmod(0o600)
    return replace(sshd.host(), port=server.port, identity_file=None, host_key=None)


def test_a_hang_up_at_the_first_key_is_a_lost_link_and_at_a_later_one_too_many_keys(
    host: Host, after: int, tmp_path: Path
) -> None:
    trust = Trust(tmp_path / "known_hosts", FirstContact.ACCEPT)
    with (
        connect(host, trust) as transport,
        pytest.raises((LinkLost, AuthenticationError)) as caught,
    ):
        transport.open()
    if after == 1:
        assert type(caught.value) is LinkLost
        assert "hung up while we logged in" in caught.value.message
        assert "Run the same command again" in caught.value.hint
    else:
        assert type(caught.value) is AuthenticationError
        assert "hung up after 2 keys" in caught.value.message
        assert "MaxAuthTries" in caught.value.hint
