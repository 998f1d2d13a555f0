"""Values of the right type that cannot work, and what each has to say."""

from __future__ import annotations

from collections.abc import Mapping

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


def confined(workspace: str) -> str:
    if ".." in workspace.split("/"):
        raise RefusedError("expected a directory without ..", "write the directory it leads to")
    return workspace.rstrip("/")


def without_end(folder: str) -> str:
    return folder.rstrip("/")


def refuse_twice_said(env: Mapping[str, str], cuda_home: str | None, gpu: int | None) -> None:
    """Refuse what `env` says and another key, or we, say otherwise; nobody would see who won."""
    said = {"CUDA_HOME": ("cuda_home", cuda_home), "CUDA_VISIBLE_DEVICES": ("gpu", gpu)}
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
