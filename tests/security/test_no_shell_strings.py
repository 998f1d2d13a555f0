"""Commands are argv; the one place that makes shell text of them is values/command."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "orchestrator").rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]
SHELLS = {"sh", "bash", "dash", "zsh", "/bin/sh", "/bin/bash", "cmd", "cmd.exe"}
RUNS_TEXT = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"}
QUOTING = {"shlex.quote", "shlex.join", "pipes.quote", "subprocess.list2cmdline"}


def complaints(source: str) -> Iterator[str]:
    """What in `source` builds or runs text for a shell."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from _calls(node)
        if isinstance(node, ast.ImportFrom):
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (f"{name} is imported" for name in names if name in RUNS_TEXT | QUOTING)
        if isinstance(node, (ast.Tuple, ast.List)) and node.elts:
            first = node.elts[0]
            if isinstance(first, ast.Constant) and first.value in SHELLS:
                yield f"{first.value} is started"


def _calls(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    if name in RUNS_TEXT:
        yield f"{name} runs text in a shell"
    if name in QUOTING:
        yield f"{name} quotes"
    if any(k.arg == "shell" and ast.unparse(k.value) != "False" for k in node.keywords):
        yield "shell= runs text in a shell"
    if name.rpartition(".")[2] in ("exec_command", "shell_line"):
        yield f"{name} hands over text"


# Each exception with its reason; a new one has to be argued for here.
ALLOWED = {
    # The one place.
    "orchestrator/values/command.py": {
        "shlex.quote quotes",
        "shlex.join quotes",
        "self.shell_line hands over text",
    },
    # This machine's shell gets a command's own line, as sshd's would.
    "orchestrator/transport/local.py": {
        "/bin/sh is started",
        "command.shell_line hands over text",
    },
    # sshd gets it too; and a ProxyCommand of the user's ssh_config is shell text by definition.
    "orchestrator/transport/ssh.py": {
        "raw.exec_command hands over text",
        "command.shell_line hands over text",
        "/bin/sh is started",
    },
    # Shown to people, never run.
    "orchestrator/cli/screen/console.py": {"step.command.shell_line hands over text"},
}


@pytest.mark.parametrize("name", NAMES)
def test_no_shell_string_is_built_outside_values_command(name: str) -> None:
    assert set(complaints((ROOT / name).read_text())) <= ALLOWED.get(name, set())


@pytest.mark.parametrize(
    "source",
    [
        "subprocess.run(f'ls {x}', shell=True)",
        "os.system('ls ' + x)",
        "Command(('/bin/sh', '-c', f'ls {x}'))",
        "Command(('bash', '-lc', text))",
        "f'ls {shlex.quote(x)}'",
        "from shlex import quote",
        "channel.exec_command('ls')",
    ],
)
def test_the_search_finds_what_it_looks_for(source: str) -> None:
    assert list(complaints(source))
