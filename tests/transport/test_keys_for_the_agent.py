"""Keys that only an agent can use here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from orchestrator.transport.key_file import (
    ForAgentError,
    LockedKeyError,
    WrongPassphraseError,
    unlocked,
)
from tests.ssh.server import PASSPHRASE

IN_PKCS8 = ("pkcs8", "-topk8", "-passout", f"pass:{PASSPHRASE}")
LOCKED = {
    "in PKCS8": (*IN_PKCS8, "-v2", "aes256"),
    "by another cipher": (*IN_PKCS8, "-v2", "camellia256"),
    "by another derivation": (*IN_PKCS8, "-v2", "aes256", "-v2prf", "hmacWithSHA512-256"),
    "by an old cipher": (*IN_PKCS8, "-v1", "PBE-SHA1-2DES"),
    "in PEM by another cipher": (
        "rsa",
        "-traditional",
        "-aes192",
        "-passout",
        f"pass:{PASSPHRASE}",
    ),
}


def run(*words: object, shell: bool = False) -> None:
    line = str(words[0]) if shell else [str(word) for word in words]
    subprocess.run(line, check=True, capture_output=True, stdin=subprocess.DEVNULL, shell=shell)


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key that OpenSSL can lock in its own ways."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not here, which locks keys in other ways than ssh-keygen")
    key = tmp_path_factory.mktemp("rsa") / "rsa"
    run("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "", "-f", key)
    return key


def locked(rsa: Path, to: Path, how: Sequence[str]) -> Path:
    """The key alone, with no .pub beside it."""
    run("openssl", *how, "-in", rsa, "-out", to)
    to.chmod(0o600)
    return to


@pytest.mark.parametrize("kind", LOCKED)
def test_a_cipher_that_we_lack_is_no_wrong_passphrase(tmp_path: Path, rsa: Path, kind: str) -> None:
    key = locked(rsa, tmp_path / "key", LOCKED[kind])
    for passphrase in (None, "hunter2", PASSPHRASE):
        if kind != "in PKCS8":
            with pytest.raises(ForAgentError):
                unlocked(key, passphrase)
        elif passphrase != PASSPHRASE:
            with pytest.raises(WrongPassphraseError if passphrase else LockedKeyError):
                unlocked(key, passphrase)
        else:
            assert unlocked(key, passphrase)
