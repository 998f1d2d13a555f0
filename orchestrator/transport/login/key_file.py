"""Private key files, opened with their passphrase and written anew as Paramiko reads them.

Paramiko reads fewer formats than OpenSSH writes, derives the key of a file anew for every kind that
it might be, and meets damage with whatever goes wrong first. `cryptography` does this well.
"""

from __future__ import annotations

import base64
import contextlib
import re
import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, cast

from orchestrator.here import regular_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_NO_KEY = "not a private key that we can read: damaged, or of another format"
_FOR_AGENT = "its cipher or its kind is none that we can read"
# How a locked file in PEM names its cipher and, in hexadecimal, where that begins (RFC 1421):
# cryptography ends with a panic of Rust where too little of that is there.
_IN_PEM = re.compile(
    rb"DEK-Info: (AES-(128|256)-CBC,[\dA-Fa-f]{32}|DES-EDE3-CBC,[\dA-Fa-f]{16})\r?\n"
)
_IN_PKCS8 = b"BEGIN ENCRYPTED PRIVATE KEY"
# How cryptography tells a cipher that it lacks from a passphrase that is wrong: by its words only.
_NO_SUCH_CIPHER = re.compile(r"Unknown key encryption algorithm|Key encrypted with unknown cipher")
# OpenSSH's own format (its PROTOCOL.key): behind the names of cipher and derivation, the options of
# that and a count stands the public half, which nothing locks.
_OPENSSH = re.compile(rb"-----BEGIN OPENSSH PRIVATE KEY-----(.*?)-----END ", re.DOTALL)
_MAGIC = b"openssh-key-v1\0"
_STRINGS_BEFORE = 3


class LockedKeyError(Exception):
    """The file needs a passphrase."""


class WrongPassphraseError(Exception):
    """That passphrase does not open the file."""


class UnusableKeyError(Exception):
    """The file is no private key that we can read; the text says why, for people."""


class ForAgentError(UnusableKeyError):
    """The file may be in order, and only OpenSSH's own programs read it."""


def unlocked(path: Path, passphrase: str | None) -> str:
    """The key in path without a passphrase, in OpenSSH's own format (its PROTOCOL.key).

    passphrase: what is no UTF-8 in it stands as surrogates, and is sent as it was typed. Raises the
    errors above, and OSError.
    """
    data = regular_file.read_bytes(path)
    if data.count(b"DEK-Info") != len(_IN_PEM.findall(data)):
        raise ForAgentError(_FOR_AGENT)
    if passphrase is not None:
        return _opened(data, passphrase.encode("utf-8", "surrogateescape"))
    try:
        return _opened(data, None)
    except LockedKeyError:
        if _IN_PKCS8 in data:  # it tells its cipher only to who has a passphrase, whichever
            with contextlib.suppress(WrongPassphraseError):
                _opened(data, b"?")
        raise


def _opened(data: bytes, secret: bytes | None) -> str:
    from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm

    try:
        return _rewritten(data, secret)
    except UnsupportedAlgorithm as error:
        raise ForAgentError(_FOR_AGENT) from error
    except TypeError as error:  # how cryptography says that a passphrase is missing
        raise LockedKeyError if secret is None else UnusableKeyError(_NO_KEY) from error
    except (ValueError, InvalidTag) as error:
        if _NO_SUCH_CIPHER.match(str(error)):
            raise ForAgentError(_FOR_AGENT) from error
        raise UnusableKeyError(_NO_KEY) if secret is None else WrongPassphraseError from error
    except Exception as error:  # nobody lists what damage can lead to
        raise UnusableKeyError(_NO_KEY) from error


def public_half(path: Path) -> tuple[str, bytes]:
    """Kind and blob of the public half inside a private key file, locked or not.

    OSError: it cannot be read; ValueError: it holds none, as files in PEM do.
    """
    found = _OPENSSH.search(regular_file.read_bytes(path))
    data = base64.b64decode(found[1]) if found else b""
    if not data.startswith(_MAGIC):
        raise ValueError("not in OpenSSH's format")
    place = len(_MAGIC)
    for _ in range(_STRINGS_BEFORE):
        place += 4 + len(_string(data, place))
    blob = _string(data, place + 4)
    return _string(blob, 0).decode("ascii"), blob


def _string(data: bytes, place: int) -> bytes:
    head = data[place : place + 4]
    size = struct.unpack(">I", head)[0] if len(head) == 4 else len(data)
    if place + 4 + size > len(data):
        raise ValueError("it breaks off")
    return data[place + 4 : place + 4 + size]


def _rewritten(data: bytes, secret: bytes | None) -> str:
    from cryptography.hazmat.primitives import serialization as formats

    is_openssh = b"BEGIN OPENSSH PRIVATE KEY" in data
    load = formats.load_ssh_private_key if is_openssh else formats.load_pem_private_key
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of kinds that are going out of use
        key = cast("Ed25519PrivateKey", load(data, secret))
        return key.private_bytes(
            formats.Encoding.PEM, formats.PrivateFormat.OpenSSH, formats.NoEncryption()
        ).decode("ascii")
