"""What an inventory may say: the keys, their types, and the sentence for each thing wrong.

EXPECTED holds, for each key, what its error message asks for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.store.inventory.checking import (
    Keys,
    WrongError,
    block,
    free,
    key,
    mapping,
    one_of,
    required,
    text,
    whole,
)
from orchestrator.store.inventory.values import (
    RefusedError,
    compiling,
    confined,
    nvcc_words,
    reachable,
    refuse_twice_said,
    without_end,
)
from orchestrator.values.address import bracketed
from orchestrator.values.host import LauncherKind

_SHOWN_CHARACTERS = 60
_NOTHING = object()  # None would pass for a key that was left out

EXPECTED = {
    "default": "the name of a host below hosts",
    "defaults": "a mapping of keys that every host shares",
    "hosts": "a mapping with at least one host",
    "hosts.*": "a host name of up to 40 letters, digits, '-', '_' and '.'",
    "transport": "local (this machine) or ssh",
    "address": "a DNS name, an IP or an alias of ~/.ssh/config",
    "runpod": "a mapping with the key pod",
    "pod": "a RunPod pod id",
    "port": "a port number from 1 to 65535",
    "user": "a login name",
    "identity_file": "the path of a private key on this machine",
    "host_key": "SHA256: and 43 base64 characters, as ssh-keygen -lf prints",
    "workspace": "a directory on the host, absolute or below ~/",
    "python": "one program without arguments: a name on PATH or an absolute path",
    "cuda_home": "the absolute path of a CUDA toolkit's folder, the one that holds bin/nvcc",
    "nvcc_flags": "flags for nvcc with blanks between them, such as -lineinfo -maxrregcount=64",
    "host_compiler": "the absolute path of a C++ compiler on the host",
    "gpu": "the index of a GPU, from 0",
    "persist": "a length of time from 1s to 24h, such as 10m, or no",
    "launcher": " or ".join(kind.value for kind in LauncherKind),
    "env": "a mapping NAME: text",
    "env.*": 'NAME: text ("" for an empty value)',
}

_LENGTH = re.compile(r"(\d{1,5}(?:\.\d{1,3})?) ?([smh]?)", re.ASCII)
_UNITS_S = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST_S = 86400.0


def _length(value: object) -> float | None:
    """Seconds; None for `no`."""
    if value == "no":
        return None
    found = _LENGTH.fullmatch(value) if isinstance(value, str) else None
    length_s = float(found[1]) * _UNITS_S[found[2]] if found else 0.0
    if not 1.0 <= length_s <= _LONGEST_S:
        raise WrongError
    return length_s


_HOST_NAME = text(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
# Narrow on purpose: ssh_config's ProxyCommand and Match exec hand the address to a shell.
_ADDRESS = text(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]*", first=reachable)
_WORKSPACE = text(r"~?(/[^/\x00-\x1f\x7f]+)+/?", confined)
_PYTHON = text(r"([\w.+][\w.+-]*|~?(/[^/\x00-\x1f\x7f]+)+)")
_CUDA_HOME = text(r"(/[^/\x00-\x1f\x7f]+)+/?", without_end)
_NVCC_FLAGS = text(r"[^\x00-\x1f\x7f]+", nvcc_words)
_COMPILER = text(r"(/[\w.+-]+)+")
_USER = text(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")
_IDENTITY_FILE = text(r"[^\x00-\x1f\x7f]+")
_FINGERPRINT = text(r"SHA256:[A-Za-z0-9+/]{43}")
_LAUNCHERS = {kind.value: kind for kind in LauncherKind}
_ENV = mapping(text(r"[A-Za-z_][A-Za-z0-9_]*"), text(r"[^\x00]*"))


@dataclass(frozen=True, kw_only=True)
class Shared(Keys):
    """Keys that every host takes."""

    workspace: str | None = key(_WORKSPACE)
    python: str | None = key(_PYTHON)
    cuda_home: str | None = key(_CUDA_HOME)
    nvcc_flags: str | None = key(_NVCC_FLAGS)
    host_compiler: str | None = key(_COMPILER)
    gpu: int | None = key(whole(0, 63))
    launcher: LauncherKind = key(one_of(_LAUNCHERS), LauncherKind.DETACHED)  # noqa: RUF009
    env: Mapping[str, str] = free(_ENV)

    @classmethod
    def beside(cls, name: str, value: Any, values: Mapping[str, Any]) -> Any:
        """env is read after the keys that set variables too; nothing is said twice."""
        if name == "env":
            keys = (values.get(key) for key in ("cuda_home", "nvcc_flags", "host_compiler"))
            gpu = {"CUDA_VISIBLE_DEVICES": ("gpu", values.get("gpu"))}
            refuse_twice_said(value, {**compiling(*keys), **gpu})
        return value


@dataclass(frozen=True, kw_only=True)
class Defaults(Shared):
    """The defaults block: each host takes those of its kind that it does not write itself."""

    port: int | None = key(whole(1, 65535))
    user: str | None = key(_USER)
    identity_file: str | None = key(_IDENTITY_FILE)
    persist: float | None = key(_length)


@dataclass(frozen=True, kw_only=True)
class LocalKeys(Shared):
    """A host with transport: local."""

    transport: str = required(one_of({"local": "local"}))


@dataclass(frozen=True, kw_only=True)
class Pod(Keys):
    """A pod known by its id: address and port are looked up at each connection."""

    pod: str = required(text(r"[A-Za-z0-9-]+"))


@dataclass(frozen=True, kw_only=True)
class SshKeys(Defaults):
    """A host with transport: ssh."""

    transport: str = required(one_of({"ssh": "ssh"}))
    address: str | None = key(_ADDRESS)
    runpod: Pod | None = key(block(Pod))  # noqa: RUF009
    host_key: str | None = key(_FINGERPRINT)

    @classmethod
    def before(cls, written: dict[str, Any]) -> dict[str, Any]:
        """[::1]:2222 says a port as well, and user@[::1] a user."""
        said = bracketed(str(written.get("address", "")))
        if said is None:
            return written
        for name, value in said.beside.items():
            if str(written.get(name, value)) != value:
                mend = f"leave one of them out; {name} may also stand in defaults"
                raise RefusedError(
                    f"address says {name} {value}, {name} says {written[name]}", mend
                )
        return {**written, **said.beside, "address": said.address}

    @classmethod
    def beside(cls, name: str, value: Any, values: Mapping[str, Any]) -> Any:
        """A python that is the same for every shell."""
        if name == "python" and value.startswith("~"):
            raise RefusedError(
                "expected a name or an absolute path, ~ is not expanded on the host",
                "write python in full",
            )
        return super().beside(name, value, values)

    def after(self) -> None:
        """There is one way there."""
        if self.address is not None and self.runpod is not None:
            raise RefusedError("address and runpod exclude each other", "remove one of the two")
        if self.address is None and self.runpod is None:
            raise RefusedError(
                f"missing key address, expected {EXPECTED['address']}",
                "add address: ..., or runpod: {pod: POD_ID} for a pod",
            )
        if self.runpod is not None and self.port is not None:
            raise RefusedError(
                "a pod's port changes at each start and is looked up", "remove port beside runpod"
            )


@dataclass(frozen=True, kw_only=True)
class TopKeys(Keys):
    """The file itself."""

    default: str | None = key(_HOST_NAME)
    defaults: Mapping[str, Any] = free(mapping())
    hosts: Mapping[str, Any] = required(mapping(_HOST_NAME, least=1))
