"""Private key files in every format that OpenSSH writes, and damaged ones."""

from __future__ import annotations

import base64
import contextlib
import random
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import AuthenticationError
from orchestrator.transport.connect import Trust, connect
from orchestrator.transport.login.key_file import (
    ForAgentError,
    LockedKeyError,
    UnusableKeyError,
    WrongPassphraseError,
    public_half,
)
from orchestrator.transport.ssh import _load
from orchestrator.values.command import Command
from orchestrator.values.host import Host
from tests.conftest import SshdVariant
from tests.ssh.server import PASSPHRASE, SshServer

GCM, CHACHA = "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"
KINDS = {
    "ed25519": (),
    "rsa": (),
    "ecdsa": (),
    "rsa in PEM": ("-m", "PEM"),
    "ecdsa in PEM": ("-m", "PEM"),
    "rsa in PKCS8": ("-m", "PKCS8"),
    "ecdsa in PKCS8": ("-m", "PKCS8"),
    "ed25519 in AES-GCM": ("-Z", GCM),
    "ecdsa in AES-CBC": ("-Z", "aes256-cbc"),
}
MUTANTS = 40


def made(path: Path, kind: str, *options: str, passphrase: str = "") -> Path:
    """A key as ssh-keygen writes it; kind: what comes first in a name of KINDS."""
    bits = ("-b", "2048") if kind == "rsa" else ()
    words = ["ssh-keygen", "-q", "-a", "1", "-t", kind, *bits, *options, "-N", passphrase]
    subprocess.run([*words, "-f", str(path)], check=True, stdin=subprocess.DEVNULL)
    return path


@pytest.fixture(scope="module")
def key_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """The key with a name of KINDS and a passphrase, made once."""
    folder, known = tmp_path_factory.mktemp("keys"), dict[tuple[str, str], Path]()

    def key(name: str, passphrase: str) -> Path:
        if (name, passphrase) not in known:
            path = folder / str(len(known))
            known[name, passphrase] = made(
                path, name.split()[0], *KINDS[name], passphrase=passphrase
            )
        return known[name, passphrase]

    return key


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE], ids=["open", "locked"])
def test_every_format_of_ssh_keygen_lets_us_in(
    key_of: Callable[[str, str], Path],
    sshd_variant: SshdVariant,
    trust: Trust,
    tmp_path: Path,
    passphrase: str,
) -> None:
    files = [key_of(name, passphrase) for name in KINDS]
    (tmp_path / "all").write_text("".join(Path(f"{file}.pub").read_text() for file in files))
    server = sshd_variant(f"AuthorizedKeysFile {tmp_path}/all")
    asking = replace(trust, passphrase=lambda question: passphrase or "none")
    for file in files:
        host = replace(server.host(), identity_file=file)
        with connect(host, asking) as transport:
            assert transport.run(Command(("true",))).ok


def test_a_passphrase_opens_its_key_and_no_other_does(
    key_of: Callable[[str, str], Path],
) -> None:
    for name in KINDS:
        path = key_of(name, PASSPHRASE)
        with pytest.raises(LockedKeyError):
            _load(path, None)
        with pytest.raises(WrongPassphraseError):
            _load(path, "hunter2")
        kind, blob = Path(f"{path}.pub").read_text().split()[:2]
        opened = _load(path, PASSPHRASE)
        assert (opened.kind, base64.b64encode(opened.blob).decode()) == (kind, blob)


def refused(host: Host, trust: Trust) -> AuthenticationError:
    with connect(host, trust) as transport, pytest.raises(AuthenticationError) as caught:
        transport.open()
    return caught.value


@pytest.mark.parametrize("cipher", [CHACHA, "3des-cbc"])
def test_a_cipher_that_we_cannot_read_is_told_before_a_passphrase_is_asked_for(
    sshd: SshServer, trust: Trust, tmp_path: Path, cipher: str
) -> None:
    key = made(tmp_path / "key", "ed25519", "-Z", cipher, passphrase=PASSPHRASE)

    def never_asked(question: str) -> str:
        raise AssertionError(question)

    asking = replace(trust, passphrase=never_asked)
    error = refused(replace(sshd.host(), identity_file=key), asking)
    assert "cipher" in error.message
    assert f"`ssh-add {key}`" in error.hint
    with pytest.raises(ForAgentError):
        _load(key, PASSPHRASE)


def test_a_damaged_key_is_no_bug_of_ours(
    key_of: Callable[[str, str], Path], tmp_path: Path
) -> None:
    draw, damaged = random.Random(7), tmp_path / "damaged"
    for name in KINDS:
        whole = key_of(name, "").read_text().splitlines()
        for _ in range(MUTANTS):
            body = bytearray(base64.b64decode("".join(whole[1:-1])))
            _hurt(body, draw)
            damaged.write_text(f"{whole[0]}\n{base64.encodebytes(body).decode()}{whole[-1]}\n")
            for passphrase in (None, PASSPHRASE):
                with contextlib.suppress(LockedKeyError, UnusableKeyError, WrongPassphraseError):
                    _load(damaged, passphrase)
            with contextlib.suppress(ValueError):
                public_half(damaged)


def _hurt(body: bytearray, draw: random.Random) -> None:
    at = draw.randrange(len(body))
    how = draw.randrange(4)
    if how == 0:
        del body[at:]
    elif how == 1:
        for _ in range(draw.randrange(1, 4)):
            body[draw.randrange(len(body))] = draw.randrange(256)
    elif how == 2:
        body[at:at] = draw.randbytes(draw.randrange(1, 5))
    else:
        del body[at : at + draw.randrange(1, 9)]


@pytest.mark.parametrize("cipher", ["AES-128-CBC,07D6", "AES-192-CBC," + 32 * "0", "DES-EDE3-CBC"])
def test_a_cipher_in_pem_that_is_cut_short_or_unknown_is_none_that_we_read(
    key_of: Callable[[str, str], Path], tmp_path: Path, cipher: str
) -> None:
    whole = key_of("ecdsa in PEM", PASSPHRASE).read_text()
    (tmp_path / "key").write_text(re.sub(r"(?<=DEK-Info: ).*", cipher, whole))
    with pytest.raises(ForAgentError):
        _load(tmp_path / "key", PASSPHRASE)


def test_a_damaged_identity_file_is_named(sshd: SshServer, trust: Trust, tmp_path: Path) -> None:
    lines = sshd.keys.client.read_text().splitlines()
    body = base64.b64decode("".join(lines[1:-1]))
    damaged = tmp_path / "damaged"
    damaged.write_text(
        "\n".join((lines[0], base64.b64encode(body[:150] + b"~" + body[151:]).decode(), lines[-1]))
    )
    error = refused(replace(sshd.host(), identity_file=damaged), trust)
    assert f"the key {damaged}" in error.message
    assert "damaged" in error.message
