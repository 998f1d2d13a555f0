"""Values of the right type that cannot work, and what each has to say."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.values.address import PROXY_REFUSED, RUNPOD_PROXY
from remote_payload.contract.tools.toolchain import BadFlag, require_flag

# Variables of a job that nobody else may set: remote_payload/runner.py and providers.py.
OURS = ("BLACKWELL_SPARSEK_JOB", "BLACKWELL_SPARSEK_LIBRARY")
ALWAYS_ON = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")


class RefusedError(ValueError):
    """A value of the right type that cannot work; mend says what to write instead.

    below: the key inside a mapping that is meant.
    """

    def __init__(self, text: str, mend: str, below: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.mend = mend
        self.below = below


def reachable(address: str) -> str:
    if RUNPOD_PROXY in address.lower():
        raise RefusedError(
            PROXY_REFUSED,
            "use the pod's direct TCP address and port (Connect > SSH over exposed TCP), "
            "or in place of address write runpod: {pod: POD_ID}",
        )
    if "@" in address:
        raise RefusedError("expected an address without a user", "move the part before @ to user")
    if address.startswith("["):
        said = "expected an IPv6 address between the brackets"
        raise RefusedError(said, "write it as in [2001:db8::7]:22")
    if address.count(":") == 1:
        raise RefusedError("expected an address without a port", "move the part after : to port")
    return address


def confined(workspace: str) -> str:
    if ".." in workspace.split("/"):
        raise RefusedError("expected a directory without ..", "write the directory it leads to")
    return workspace.rstrip("/")


def without_end(folder: str) -> str:
    return folder.rstrip("/")


def nvcc_words(flags: str) -> str:
    """Flags for nvcc, each a word that it may be given."""
    for flag in flags.split():
        try:
            require_flag(flag)
        except BadFlag as exc:
            raise RefusedError(str(exc), "write other flags, or none") from exc
    return " ".join(flags.split())


def compiling(
    cuda_home: str | None, nvcc_flags: str | None, host_compiler: str | None
) -> dict[str, tuple[str, str]]:
    """The variables by which these keys reach every compiler of a job: (key, value) of each.

    What is prepended to nvcc's words gives way to those of a provider and of a command.
    https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/#nvcc-environment-variables
    """
    words = [*(("-ccbin", host_compiler) if host_compiler else ()), *(nvcc_flags or "").split()]
    key = "nvcc_flags" if nvcc_flags else "host_compiler"
    said = {
        "CUDA_HOME": ("cuda_home", cuda_home or ""),
        "NVCC_PREPEND_FLAGS": (key, " ".join(words)),
        "CXX": ("host_compiler", host_compiler or ""),
    }
    return {name: (key, value) for name, (key, value) in said.items() if value}


def refuse_twice_said(env: Mapping[str, str], said: Mapping[str, tuple[str, object]]) -> None:
    """Refuse what `env` says and another key, or we, say otherwise; nobody would see who won.

    said: by variable, the key and what it says; None where the key is left out.
    """
    for name, (key, value) in said.items():
        if value is not None and env.get(name, str(value)) != str(value):
            text = f"{env[name]!r} here, and {key} says {str(value)!r}"
            raise RefusedError(text, f"remove {key}, or {name} from env", name)
    for name in OURS:
        if name in env:
            raise RefusedError("is set by us in every job", f"remove {name} from env", name)
    for name in ALWAYS_ON:
        if env.get(name) == "":
            mend = f"remove {name} from env"
            raise RefusedError("is on in every job, so that its log flows", mend, name)
