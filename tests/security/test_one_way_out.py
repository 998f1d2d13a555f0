"""There is one way to a terminal. A second one would pass no gate, so nobody may open one."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "orchestrator"

# What writes to a terminal, or gets hold of one: calls, attributes and modules by their full names.
WRITERS = {
    "print",
    "input",
    "breakpoint",
    "os.write",
    "os.writev",
    "os.dup2",
    "os.system",
    "os.popen",
    "faulthandler",
    "fileinput",
    "getpass.getpass",
    "getpass",
    "curses",
    "pdb",
    "pprint",
    "readline",
    "rich",
    "warnings",
    "logging",
    "sys.stdout",
    "sys.stderr",
    "sys.__stdout__",
    "sys.__stderr__",
    "sys.displayhook",
    "sys.excepthook",
    "sys.exit",
    "traceback",
    "click.clear",
    "click.confirm",
    "click.echo",
    "click.echo_via_pager",
    "click.edit",
    "click.get_binary_stream",
    "click.get_text_stream",
    "click.launch",
    "click.pause",
    "click.progressbar",
    "click.prompt",
    "click.secho",
    "click.style",
}
PLACES = ("/dev/tty", "/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd", "\x1b", "\x9b")
# file → what it may, and why that passes the gate or writes nothing.
ALLOWED = {
    "cli/screen/terminal.py": {
        "sys.stdout": "the gate stands before it",
        "sys.stderr": "the gate stands before it",
        "/dev/tty": "named in words",
        "click.echo": "of a style of ours, around text that has passed",
        "click.style": "of a style of ours, around text that has passed",
    },
    "cli/screen/console.py": {
        "sys.stdout": "asked for its encoding",
        "traceback": "format_exc, as text",
    },
    "report/printing/mistakes.py": {"traceback": "extract_tb, as places of files"},
    "cli/screen/bars.py": {"rich": "the bars, whose texts have passed"},
    "cli/screen/questions.py": {
        "/dev/tty": "with a gate before it",
    },
    "cli/screen/streams.py": {
        "sys.stdout": "prepared before a gate stands before it",
        "sys.stderr": "prepared before a gate stands before it",
        "os.write": "of what a gate has passed",
    },
    "cli/screen/leaving.py": {
        "sys.stdout": "flushed",
        "sys.stderr": "its descriptor, and flushed",
        "os.write": "of bytes of ours, when there is no time for a gate",
        "\x1b": "gives the cursor back",
    },
    "cli/given/outputs.py": {"/dev/stdout": "what - stands for; a report has passed its own gate"},
    "cli/watching/events.py": {"os.write": "of one byte, into a pipe of its own"},
    "here/hearing.py": {"os.write": "to the stdin of a program"},
    "__main__.py": {"sys.exit": "with a number"},
    "transport/login/key_file.py": {"warnings": "so that none is given"},
    "transport/way/route.py": {"getpass": "getuser, which asks nobody"},
    "transport/ssh.py": {"logging": "so that Paramiko's logger is silent"},
}

# file → why a program that it starts may speak to our terminal itself.
SPEAKS_FOR_ITSELF = {"cli/watching/begun.py": "a command of ours, with a gate of its own"}


def _names(tree: ast.AST) -> dict[str, str]:
    """The names that imports bind in a file → what they stand for."""
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                bound[one.asname or one.name.partition(".")[0]] = one.name
        elif isinstance(node, ast.ImportFrom) and not node.level:
            bound |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return bound


def _used(tree: ast.AST) -> Iterator[str]:
    bound = _names(tree)
    yield from bound.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield bound.get(node.id, node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{bound.get(node.value.id, node.value.id)}.{node.attr}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            yield from (place for place in PLACES if place in text)


def writers(source: str) -> set[str]:
    """What of WRITERS and PLACES a file uses, each as it is listed there."""
    found = set()
    for name in _used(ast.parse(source)):
        parts = name.split(".")
        heads = {".".join(parts[: count + 1]) for count in range(len(parts))}
        found |= (heads & WRITERS) | ({name} & set(PLACES))
    return found


def spawned_loud(source: str) -> list[int]:
    """The lines of a file that start a program whose words would go straight to our terminal."""
    tree, loud = ast.parse(source), []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if ast.unparse(node.func.value) == "subprocess":
            given = {keyword.arg for keyword in node.keywords}
            if "capture_output" not in given and not {"stdout", "stderr"} <= given:
                loud.append(node.lineno)
    return loud


FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py"))


def test_nothing_writes_to_a_terminal_but_the_one_printer_and_its_gate() -> None:
    found = {}
    for file in FILES:
        used = writers((ROOT / file).read_text("utf-8")) - set(ALLOWED.get(file, ()))
        if used:
            found[file] = sorted(used)
    assert found == {}


def test_no_program_that_we_start_writes_to_our_terminal_itself() -> None:
    silent = [file for file in FILES if file not in SPEAKS_FOR_ITSELF]
    loud = {file: spawned_loud((ROOT / file).read_text("utf-8")) for file in silent}
    assert {file: lines for file, lines in loud.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "print('x')",
        "import sys\nsys.stderr.write('x')",
        "from sys import stdout as out\nout.write('x')",
        "import sys as s\ns.__stdout__.write('x')",
        "import click\nclick.echo('x')",
        "from click import secho\nsecho('x')",
        "import os\nos.write(1, b'x')",
        "from rich.console import Console\nConsole().print('x')",
        "from rich import print as show\nshow('x')",
        "import logging\nlogging.warning('x')",
        "import traceback\ntraceback.print_exc()",
        "open('/dev/tty', 'w').write('x')",
        "'\\x1b[31mred'",
        "b'\\x1b[31mred'",
        "getattr(__builtins__, 'x')\nprint",
    ],
)
def test_a_second_way_out_would_be_found(source: str) -> None:
    assert writers(source)


@pytest.mark.parametrize("file", ALLOWED)
def test_what_a_file_may_do_it_does(file: str) -> None:
    assert set(ALLOWED[file]) <= writers((ROOT / file).read_text("utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess\nsubprocess.run(['x'])",
        "import subprocess\nsubprocess.Popen(['x'], stdout=-1)",
    ],
)
def test_a_loud_program_would_be_found(source: str) -> None:
    assert spawned_loud(source)


HELD = """
import threading
from orchestrator.cli import app
from orchestrator.cli.screen import console
asked = threading.Event()

def ask():
    with console.undisturbed():
        asked.set()
        threading.Event().wait()

def run(arguments):
    threading.Thread(target=ask, daemon=True).start()
    asked.wait()
    console.note("held at 10.2.3.4:22")
    return 130

app._run = run
app.run(["--debug"])
"""


def test_what_was_held_back_for_a_question_passes_the_same_gate_at_the_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HELD],
        cwd=ROOT.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert done.stderr == "held at (address)\n"
