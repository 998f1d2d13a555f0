"""What an inventory may say: the keys, their types, and the sentence for each thing wrong.

EXPECTED holds, for each key, what its error message asks for.
"""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from orchestrator.store.inventory.document import Block, Listing, Problem, Scalar, Tree
from orchestrator.store.inventory.values import (
    RefusedError,
    compiling,
    confined,
    nvcc_words,
    plain_digits,
    reachable,
    refuse_twice_said,
    without_end,
)
from orchestrator.store.inventory.variables import (
    BadVariableError,
    MissingVariableError,
    expand,
    has_variables,
)
from orchestrator.values.address import bracketed
from orchestrator.values.host import LauncherKind, looks_secret

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
    "launcher": " or ".join(kind.value for kind in LauncherKind),
    "env": "a mapping NAME: text",
    "env.*": 'NAME: text ("" for an empty value)',
}

HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
# Narrow on purpose: ssh_config's ProxyCommand and Match exec hand the address to a shell.
Address = Annotated[
    str, AfterValidator(reachable), Field(pattern=r"^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$")
]
Workspace = Annotated[str, Field(pattern=r"^~?(/[^/\x00-\x1f\x7f]+)+/?$"), AfterValidator(confined)]
Python = Annotated[str, Field(pattern=r"^([\w.+][\w.+-]*|~?(/[^/\x00-\x1f\x7f]+)+)$")]
CudaHome = Annotated[str, Field(pattern=r"^(/[^/\x00-\x1f\x7f]+)+/?$"), AfterValidator(without_end)]
NvccFlags = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$"), AfterValidator(nvcc_words)]
Compiler = Annotated[str, Field(pattern=r"^(/[\w.+-]+)+$")]
EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
EnvValue = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Gpu = Annotated[int, BeforeValidator(plain_digits), Field(ge=0, le=63)]
Port = Annotated[int, BeforeValidator(plain_digits), Field(ge=1, le=65535)]
User = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$")]
IdentityFile = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$")]
Fingerprint = Annotated[str, Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")]
PodId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Shared(_Keys):
    """Keys that every host takes."""

    workspace: Workspace | None = None
    python: Python | None = None
    cuda_home: CudaHome | None = None
    nvcc_flags: NvccFlags | None = None
    host_compiler: Compiler | None = None
    gpu: Gpu | None = None
    launcher: LauncherKind = LauncherKind.DETACHED
    env: dict[EnvName, EnvValue] = Field(default_factory=dict)

    @field_validator("env")
    @classmethod
    def _nothing_said_twice(cls, env: dict[str, str], known: ValidationInfo) -> dict[str, str]:
        """env is read last, so that the keys that set variables too are known here."""
        keys = (known.data.get(key) for key in ("cuda_home", "nvcc_flags", "host_compiler"))
        gpu = {"CUDA_VISIBLE_DEVICES": ("gpu", known.data.get("gpu"))}
        refuse_twice_said(env, {**compiling(*keys), **gpu})
        return env


class Defaults(Shared):
    """The defaults block: each host takes those of its kind that it does not write itself."""

    port: Port | None = None
    user: User | None = None
    identity_file: IdentityFile | None = None


class LocalKeys(Shared):
    """A host with transport: local."""

    transport: Literal["local"]


class Pod(_Keys):
    """A pod known by its id: address and port are looked up at each connection."""

    pod: PodId


class SshKeys(Defaults):
    """A host with transport: ssh."""

    transport: Literal["ssh"]
    address: Address | None = None
    runpod: Pod | None = None
    host_key: Fingerprint | None = None

    @model_validator(mode="before")
    @classmethod
    def _out_of_brackets(cls, keys: Any) -> Any:
        """[::1]:2222 says a port as well, and user@[::1] a user."""
        said = bracketed(str(keys.get("address", ""))) if isinstance(keys, dict) else None
        if said is None:
            return keys
        for name, value in said.beside.items():
            if str(keys.get(name, value)) != value:
                mend = f"leave one of them out; {name} may also stand in defaults"
                raise RefusedError(f"address says {name} {value}, {name} says {keys[name]}", mend)
        return {**keys, **said.beside, "address": said.address}

    @field_validator("python")
    @classmethod
    def _same_for_every_shell(cls, python: str | None) -> str | None:
        if python is not None and python.startswith("~"):
            raise RefusedError(
                "expected a name or an absolute path, ~ is not expanded on the host",
                "write python in full",
            )
        return python

    @model_validator(mode="after")
    def _one_way_there(self) -> SshKeys:
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
        return self


class TopKeys(_Keys):
    """The file itself."""

    default: HostName | None = None
    defaults: dict[str, Any] = Field(default_factory=dict)
    hosts: Annotated[dict[HostName, Any], Field(min_length=1)]


Keys = TypeVar("Keys", bound=_Keys)


class Reading:
    """One block read with the schema: its values, or what is wrong with it.

    lasting: problems of the file, whoever reads it. passing: problems that depend on variables
    of this environment, so that they concern only those who need this block.
    """

    def __init__(self, block: Block, environ: Mapping[str, str]) -> None:
        self.lasting: list[Problem] = []
        self.passing: list[Problem] = []
        self._block = block
        self._environ = environ
        self._unknown: set[tuple[str, ...]] = set()

    def values(self, model: type[Keys]) -> Keys | None:
        """Return the block as model, or None after noting every problem."""
        written = self._plain(self._block, ())
        try:
            values = model.model_validate(written)
        except ValidationError as exc:
            for error in exc.errors(include_url=False):
                self._note(model, error)
            return None
        return None if self.lasting or self.passing else values

    def _plain(self, tree: Tree, location: tuple[str, ...]) -> object:
        if isinstance(tree, Block):
            return {
                name: self._plain(inner, (*location, name)) for name, inner in tree.entries.items()
            }
        if isinstance(tree, Listing):
            return []
        if tree.text is None:
            return _NOTHING
        if not has_variables(tree.text):
            return tree.text
        try:
            return expand(tree.text, self._environ)
        except MissingVariableError as exc:
            mend = f"export {exc}=..., or write a default: ${{{exc}:-value}}"
            said = f"the environment variable {exc} is not set"
            self.passing.append(Problem(tree.line, tree.key, said, mend))
        except BadVariableError as exc:
            mend = "write ${NAME}, ${NAME:-default}, or $$ for a dollar sign"
            said = f"'{exc}' is no variable, expected ${{NAME}}"
            self.lasting.append(Problem(tree.line, tree.key, said, mend))
        self._unknown.add(location)
        return ""

    def _note(self, model: type[_Keys], error: ErrorDetails) -> None:
        location = tuple(str(part) for part in error["loc"] if part != "[key]")
        refused = error.get("ctx", {}).get("error")
        if isinstance(refused, RefusedError) and refused.below:
            location = (*location, refused.below)
        if location in self._unknown:
            return
        tree = self._block.at(location)
        problem = _problem(model, error, location, tree)
        depends = isinstance(tree, Scalar) and has_variables(tree.text or "")
        (self.passing if depends else self.lasting).append(problem)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), None)


def _unknown_key(tree: Tree, name: str, known: Container[str]) -> Problem:
    known = [key for key in EXPECTED if key in known]
    meant = nearest(name, known)
    mend = f"write {meant} in place of {name}" if meant else f"remove {name}"
    return Problem(tree.line, tree.key, f"unknown key, expected one of {', '.join(known)}", mend)


def _problem(
    model: type[_Keys], error: ErrorDetails, location: tuple[str, ...], tree: Tree
) -> Problem:
    refused = error.get("ctx", {}).get("error")
    if isinstance(refused, RefusedError):
        return Problem(tree.line, tree.key, refused.text, refused.mend)
    block, name = ("", "", *location)[-2:]
    if error["type"] == "extra_forbidden":
        if model is LocalKeys and name in SshKeys.model_fields:
            mend = f"write transport: ssh, or remove {name}"
            return Problem(tree.line, tree.key, "is only for transport: ssh", mend)
        return _unknown_key(tree, name, (Pod if block == "runpod" else model).model_fields)
    expected = EXPECTED[f"{block}.*" if f"{block}.*" in EXPECTED else name]
    if error["type"] == "missing":
        key = f"{tree.key}.{name}".lstrip(".")
        return Problem(tree.line, key, f"missing key, expected {expected}", f"add {name}: ...")
    got = "this name" if "[key]" in error["loc"] else _shown(tree, error)
    return Problem(tree.line, tree.key, f"expected {expected}, got {got}", f"correct {name}")


def _shown(tree: Tree, error: ErrorDetails) -> str:
    if isinstance(tree, Listing):
        return "a list"
    if isinstance(tree, Block):
        return "a mapping" if tree.entries else "an empty mapping"
    if tree.text is None:
        return "nothing"
    written = repr(tree.text[:_SHOWN_CHARACTERS])
    if not has_variables(tree.text) or looks_secret(tree.text):
        return written
    return f"{str(error['input'])[:_SHOWN_CHARACTERS]!r} from {written}"
