"""One entry under `hosts:` → a Host ready for use, or the reasons why not."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from orchestrator.store.inventory.block import Reading
from orchestrator.store.inventory.checking import names_of
from orchestrator.store.inventory.document import Block, Problem, Scalar, Tree, shown_path
from orchestrator.store.inventory.schema import EXPECTED, LocalKeys, Shared, SshKeys
from orchestrator.store.inventory.values import compiling
from orchestrator.store.inventory.variables import BadVariableError, MissingVariableError, expand
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.workspace import POD_WORKSPACE, WORKSPACE

POD_USER = "root"
_TRANSPORTS: dict[str, type[Shared]] = {"local": LocalKeys, "ssh": SshKeys}


@dataclass(frozen=True)
class Entry:
    """One line of the listing. where: how it is reached; problem: why not now, or ""."""

    name: str
    kind: TransportKind
    where: str
    default: bool
    problem: str


@dataclass(frozen=True)
class Written:
    """What a host that cannot be used now keeps private all the same: its words as far as their
    variables are set. env: by name."""

    words: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    workspace: str


class Candidate:
    """One entry under hosts on its way to a Host. lasting and passing: as in Reading."""

    def __init__(
        self, name: str, tree: Tree, shared: Block, path: Path, environ: Mapping[str, str]
    ) -> None:
        self.name = name
        self.host: Host | None = None
        self.passing: list[Problem] = []
        self.lasting: list[Problem] = []
        transport = tree.entries.get("transport") if isinstance(tree, Block) else None
        kind = transport.text if isinstance(transport, Scalar) else None
        if not isinstance(tree, Block) or kind not in _TRANSPORTS:
            self.lasting = [_no_transport(tree)]
            return
        self.kind = TransportKind(kind)
        model = _TRANSPORTS[kind]
        self._tree = _with_defaults(tree, shared, model)
        reading = Reading(self._tree, environ)
        keys = reading.values(model)
        self.lasting, self.passing = reading.lasting, reading.passing
        if isinstance(keys, LocalKeys):
            self.host = _local_host(name, keys)
        elif isinstance(keys, SshKeys):
            self.host = self._ssh_host(keys, path.parent)

    def entry(self, default: str) -> Entry:
        problem = "; ".join(str(problem) for problem in self.passing)
        return Entry(self.name, self.kind, self._where(), self.name == default, problem)

    def written(self, environ: Mapping[str, str]) -> Written:
        env = self._tree.entries.get("env")
        named = env.entries if isinstance(env, Block) else {}
        private = (("address",), ("identity_file",), ("runpod", "pod"))
        return Written(
            tuple(_known(self._tree.at(key), environ) for key in private),
            tuple((name, _known(tree, environ)) for name, tree in named.items()),
            _known(self._tree.entries.get("workspace"), environ),
        )

    def _where(self) -> str:
        """How the host is reached: in today's values, or as written while variables are missing."""
        if self.kind is TransportKind.LOCAL:
            return "this machine"
        if self.host is not None:
            return self.host.target
        pod, address, port = (
            tree.text if isinstance(tree, Scalar) else None
            for tree in (self._tree.at(at) for at in (("runpod", "pod"), ("address",), ("port",)))
        )
        return f"pod {pod}" if pod else f"{address}{f':{port}' if port else ''}"

    def _ssh_host(self, keys: SshKeys, folder: Path) -> Host | None:
        identity_file = None
        if keys.identity_file is not None:
            identity_file = folder / _with_home(keys.identity_file)
            problem = _bad_identity(identity_file, self._tree.at(("identity_file",)))
            if problem:
                self.passing = [problem]
                return None
        pod = keys.runpod.pod if keys.runpod else None
        return Host(
            name=self.name,
            kind=TransportKind.SSH,
            workspace=keys.workspace or (POD_WORKSPACE if pod else WORKSPACE),
            python=keys.python or "python3",
            address=keys.address,
            port=None if pod else keys.port,
            user=keys.user or (POD_USER if pod else None),
            identity_file=identity_file,
            host_key=keys.host_key,
            pod=pod,
            env=_environment(keys),
            gpu=keys.gpu,
            cuda_home=keys.cuda_home,
            launcher=keys.launcher,
            nvcc_flags=keys.nvcc_flags,
            host_compiler=keys.host_compiler,
            persist_s=keys.persist,
        )


def _known(tree: Tree | None, environ: Mapping[str, str]) -> str:
    """ "" for what is not written, or has a variable that is not set."""
    with suppress(MissingVariableError, BadVariableError):
        return expand(tree.text or "", environ) if isinstance(tree, Scalar) else ""
    return ""


def _local_host(name: str, keys: LocalKeys) -> Host:
    return Host(
        name=name,
        kind=TransportKind.LOCAL,
        workspace=keys.workspace or WORKSPACE,
        python=str(_with_home(keys.python)) if keys.python else sys.executable,
        env=_environment(keys),
        gpu=keys.gpu,
        cuda_home=keys.cuda_home,
        launcher=keys.launcher,
        nvcc_flags=keys.nvcc_flags,
        host_compiler=keys.host_compiler,
    )


def _environment(keys: Shared) -> tuple[tuple[str, str], ...]:
    """env, and with it what other keys of the host set for its jobs."""
    said = compiling(keys.cuda_home, keys.nvcc_flags, keys.host_compiler)
    return tuple({**keys.env, **{name: value for name, (_, value) in said.items()}}.items())


def _with_defaults(host: Block, shared: Block, model: type[Shared]) -> Block:
    """Return host's block with the defaults that its kind takes and it does not write itself."""
    general = {name: tree for name, tree in shared.entries.items() if name in names_of(model)}
    own = dict(host.entries)
    if "runpod" in own:
        general.pop("port", None)
    env, shared_env = own.get("env"), general.get("env")
    if isinstance(env, Block) and isinstance(shared_env, Block):
        own["env"] = Block(env.key, env.line, {**shared_env.entries, **env.entries})
    return Block(host.key, host.line, {**general, **own})


def _no_transport(tree: Tree) -> Problem:
    if not isinstance(tree, Block):
        said = "expected a mapping that begins with transport: local or transport: ssh"
        return Problem(tree.line, tree.key, said, "indent the host's keys below its name")
    node = tree.entries.get("transport")
    if node is None:
        key = f"{tree.key}.transport"
        said = f"missing key, expected {EXPECTED['transport']}"
        return Problem(tree.line, key, said, "add transport: ssh")
    got = (
        repr(node.text) if isinstance(node, Scalar) and node.text is not None else "something else"
    )
    said = f"expected {EXPECTED['transport']}, got {got}"
    return Problem(node.line, node.key, said, "write transport: ssh")


def _with_home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # ~name of nobody: said later, as a file that is not there
        return Path(path)


def _bad_identity(file: Path, tree: Tree) -> Problem | None:
    if file.suffix == ".pub":
        said = f"expected the private key, {shown_path(file)} is the public one"
        return Problem(tree.line, tree.key, said, "drop .pub from identity_file")
    if not file.is_file():
        mend = "correct identity_file, or make a key with: ssh-keygen -t ed25519"
        return Problem(tree.line, tree.key, f"no such file: {shown_path(file)}", mend)
    return None
