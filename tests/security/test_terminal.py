"""What a terminal would get, byte for byte, from hosts and files that try to play with it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.conftest import Project
from tests.cli.quick import quick_payload
from tests.security.hostile import hostile_agent, hostile_host
from tests.security.screen import HOSTILE, ORCHESTRATOR, SEQUENCES, forged, played_with, read_all

# As JSON carries it; a half of a surrogate can come in no other way.
TEXT = f"{HOSTILE}\udc80"
RUN = "20261122-101530-liar-check"


def harmless(shown: str, *, told: str = "held") -> None:
    assert played_with(shown) == [], shown
    assert forged(shown) == [], shown
    assert told in shown


def on_screen(
    project: Project, *words: str, told: str = "held", typed: Mapping[str, str] | None = None
) -> str:
    shown = read_all((*ORCHESTRATOR, *words), project.root, typed=typed)
    harmless(shown, told=told)
    return shown


def liar(project: Project, program: Path, more: str = "") -> Project:
    project.inventory(
        "default: liar\nhosts:\n  liar:\n    transport: local\n"
        f"    workspace: {json.dumps(str(program.parent / 'w'))}\n"
        f"    python: {json.dumps(str(program))}\n{more}"
    )
    return project


@pytest.fixture
def lied_to(project: Project, tmp_path: Path) -> Project:
    """A host whose job agent puts everything it has into every text of its answers."""
    lies = (
        f"RESULTS = ['{RUN}']\n"
        f"ENDED = {{'why': 'runner-killed', 'exit_status': 3, 'message': {TEXT!r}}}\n"
        f"LOG = ({TEXT!r} + chr(10)).encode('utf-8', 'surrogateescape')\n"
    )
    hostile_host(tmp_path / "host", lies)
    return liar(project, tmp_path / "host" / "python")


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "--host", "liar"),
        ("runs", "--host", "liar", "--json"),
        ("logs", RUN, "--host", "liar", "-f"),
        ("runs", "fetch", "--all", "--host", "liar"),
    ],
    ids=" ".join,
)
def test_a_list_a_log_and_a_fetch_show_what_a_host_says_and_do_nothing_else(
    lied_to: Project, words: tuple[str, ...]
) -> None:
    on_screen(lied_to, *words, told=RUN if "fetch" in words else "held")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (f"{{'error': 'denied', 'message': {TEXT!r}}}", ("runs", "--host", "liar")),
        (f"{{'error': 'no-job', 'message': {TEXT!r}}}", ("logs", RUN, "--host", "liar")),
        (f"{{'ok': True, 'error': 'new', 'reason': {TEXT!r}}}", ("deploy", "--no-build")),
        (f"{{'held': {TEXT!r}}}", ("doctor",)),
    ],
    ids=["denied", "no job", "sync", "doctor"],
)
@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["", "debug"])
def test_an_answer_that_is_an_error_is_shown_and_does_nothing_else(
    project: Project, tmp_path: Path, answer: str, words: tuple[str, ...], debug: tuple[str, ...]
) -> None:
    hostile_agent(tmp_path / "host", f"[{answer}] * 3")
    on_screen(liar(project, tmp_path / "host" / "python"), *debug, *words, told="liar")


@pytest.mark.parametrize(
    "words", [("doctor",), ("runs", "--host", "liar"), ("check",)], ids=" ".join
)
def test_what_stands_in_the_place_of_python_says_it_on_stderr_and_no_line_of_it_is_ours(
    project: Project, tmp_path: Path, words: tuple[str, ...]
) -> None:
    program = tmp_path / "host" / "python"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable} -IS\nimport os\nos.write(2, {HOSTILE!r}.encode()); os._exit(3)\n"
    )
    program.chmod(0o755)
    on_screen(liar(project, program), *words, told="next: rm -rf forged")


@pytest.fixture
def talked_to(project: Project) -> Project:
    """A job that says everything it has: in its log, its progress, its notes and its result."""
    step = {"stage": "check", "done": 1, "total": 2, "label": TEXT}
    quick_payload(
        project.root,
        "from remote_payload.contract.words import NOTE_MARK, PROGRESS_MARK\n"
        f"sys.stdout.reconfigure(errors='surrogateescape')\n"
        f"print({TEXT!r})\nprint(PROGRESS_MARK + {json.dumps(step)!r})\n"
        f"print(NOTE_MARK + {TEXT!r}.replace(chr(10), ' '), flush=True)\n"
        "time.sleep(0.3)\n"
        f"answer(Status.FAILED, {HOSTILE!r})\n",
    )
    return project


def test_a_job_cannot_play_with_the_terminal_wherever_its_words_are_shown(
    talked_to: Project,
) -> None:
    on_screen(talked_to, "check")
    for words in (
        ("--debug", "check"),
        ("check", "--json"),
        ("runs",),
        ("runs", "--json"),
        ("runs", "show", "latest"),
        ("runs", "show", "latest", "--json"),
        ("report", "latest"),
        ("logs", "latest"),
        ("compare", "latest", "latest"),
    ):
        on_screen(talked_to, *words, told="latest" if words[0] == "compare" else "held")


def test_json_says_the_same_as_before_and_holds_nothing_that_a_terminal_obeys(
    talked_to: Project,
) -> None:
    talked_to.orchestrator("check")
    shown = talked_to.orchestrator("runs", "show", "latest", "--json")
    assert shown.out.replace("\n", "").isprintable()
    assert SEQUENCES.split("\x1b]8")[1] in shown.json["result"]["reason"]
    assert "\\u009b2J" in shown.out


def test_names_of_files_are_shown_and_do_nothing_else(project: Project) -> None:
    name = f"held{SEQUENCES}\nnext: rm -rf forged".replace("/", "")[:60]
    (project.root / "csrc" / name).write_text("x")
    on_screen(project, "deploy", "--no-build", "--dry-run")
    on_screen(project, "deploy", "--no-build", told="sync")


def test_names_of_runs_and_values_of_the_inventory_are_shown_and_do_nothing_else(
    project: Project,
) -> None:
    quick_payload(project.root)
    project.orchestrator("check")
    (folder,) = (project.root / "runs").glob("[!.]*")
    folder.rename(folder.with_name(f"9held{SEQUENCES}\nnext: rm -rf forged".replace("/", "")))
    said = json.dumps(f"held{SEQUENCES}\nnext: rm -rf forged".replace("\x85", ""))
    inventory = (project.root / "inventory.yaml").read_text()
    project.inventory(f"{inventory}    env: {{SAID: {said}}}\n")
    for words in (("runs",), ("runs", "--json"), ("hosts", "show"), ("hosts", "show", "--json")):
        on_screen(project, *words)
    on_screen(project, "runs", "rm", "9held", typed={"[y/N]": "n"})


def test_names_in_a_file_of_nsight_compute_are_shown_and_do_nothing_else(project: Project) -> None:
    name = f"held{SEQUENCES}".replace('"', "").replace("\r", "").replace("\x0b", "")
    for unwanted in "\x0c\x85\u2028\u2029\x1c":
        name = name.replace(unwanted, "")
    (project.root / "raw.csv").write_text(
        '"ID","Process ID","Process Name","Host Name","Kernel Name","Context","Stream",'
        '"Block Size","Grid Size","Device","CC","gpu__time_duration.sum"\n'
        '"","","","","","","","","","","","ns"\n'
        f'"0","1","python","h","{name}","1","7","(128, 1, 1)","(16, 1, 1)","0","9.0","1234"\n',
        "utf-8",
    )
    on_screen(project, "import-ncu", "raw.csv")
    shown = on_screen(project, "import-ncu", "raw.csv", "--json")
    # Bars are drawn above it on the same terminal.
    document = json.loads(shown[shown.index("{") : shown.rindex("}") + 1])
    assert document["launches"][0]["kernel"] == name


STRAY = """
import sys, warnings
from pathlib import Path
from orchestrator.cli import app
from orchestrator.cli.screen import console

def stray():
    import click, threading
    print(HOSTILE)
    print(HOSTILE, file=sys.stderr)
    sys.stdout.writelines([HOSTILE])
    sys.stderr.write(HOSTILE)
    click.echo(HOSTILE); click.secho(HOSTILE, fg="red", err=True)
    warnings.warn(HOSTILE)
    def fail(): raise RuntimeError(HOSTILE)
    thread = threading.Thread(target=fail); thread.start(); thread.join()
    with console.progress() as progress:
        progress.step("sync", 1, 2, HOSTILE)
        progress.say(HOSTILE)
        console.out(HOSTILE); console.note(HOSTILE)
    raise click.UsageError(HOSTILE)

app._run = lambda arguments: stray()
try:
    app.run(())
except Exception as error:
    pass
"""


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_whoever_writes_to_a_stream_of_ours_passes_the_gate(tmp_path: Path, encoding: str) -> None:
    program = f"HOSTILE = {TEXT!r}\n{STRAY}"
    shown = read_all(
        (sys.executable, "-c", program), tmp_path, {"PYTHONIOENCODING": f"{encoding}:strict"}
    )
    assert played_with(shown) == [], shown
    assert shown.count("held") >= 10
    assert "Unicode" not in shown


def test_a_line_said_above_the_bars_is_one_line_and_keeps_its_brackets(tmp_path: Path) -> None:
    program = (
        "from orchestrator.cli.screen import console\n"
        "with console.progress() as progress:\n"
        "    progress.step('sync', 1, 2, 'x')\n"
        f"    progress.say({HOSTILE!r})\n"
        "    console.note('is it [y/N] or [red]this[/red] :bomb:')\n"
        f"console.next_step({HOSTILE!r})\n"
        f"console.error({HOSTILE!r}, {HOSTILE!r})\n"
    )
    shown = read_all((sys.executable, "-c", program), tmp_path)
    harmless(shown)
    assert "is it [y/N] or [red]this[/red] :bomb:" in shown
    (line,) = [line for line in shown.split("\n") if "next: held" in line]
    assert "\\nnext: rm -rf forged" in line


def test_a_bar_has_room_for_whatever_a_host_counts_to(tmp_path: Path) -> None:
    program = (
        "from orchestrator.cli.screen import console\n"
        "with console.progress() as progress:\n"
        "    progress.step('check', 10**400, 3)\n"
        "    progress.step('pull', 10**400, 10**401)\n"
        "    progress.step('sync', -5, -5)\n"
    )
    shown = read_all((sys.executable, "-c", program), tmp_path)
    assert "Traceback" not in shown
    assert "0" * 30 not in shown


def test_what_is_asked_at_the_terminal_shows_a_text_and_does_nothing_else(tmp_path: Path) -> None:
    program = (
        "import os, fcntl, termios\n"
        "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
        "from orchestrator.cli.screen import console, questions\n"
        "from orchestrator.transport.login.trust import Question\n"
        f"text = {TEXT!r}.replace(chr(10), ' ')\n"
        "questions.ask_about_host_key(text, 'SHA256:x')\n"
        "questions.ask_passphrase(f'pass {text}: ')\n"
        "questions.ask_answers(text, (Question(f'one {text}> ', True), Question(f'two {text}> ', False)))\n"
        "print('done')\n"
    )
    shown = read_all(
        (sys.executable, "-c", program),
        tmp_path,
        typed={"[y/N]": "n", "pass held": "a", "one held": "b", "two held": "c"},
    )
    assert played_with(shown) == [], shown
    assert "done" in shown


def test_a_program_of_the_inventory_with_line_ends_is_refused_and_forges_none(
    project: Project,
) -> None:
    inventory = (project.root / "inventory.yaml").read_text()
    project.inventory(f"{inventory}    python: {json.dumps('held/python' + HOSTILE)}\n")
    for debug in ((), ("--debug",)):
        on_screen(project, *debug, "check", "--dry-run")


def test_names_in_a_run_folder_add_no_command_to_the_next_step(project: Project) -> None:
    quick_payload(project.root, "answer(Status.FAILED, 'x')\n")
    project.orchestrator("check")
    (folder,) = (project.root / "runs").glob("[!.]*")
    card = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(card | {"host": "held; rm -rf forged"}))
    folder.rename(folder.with_name("held; rm -rf forged"))
    for words in (("runs", "show"), ("report",), ("logs",)):
        last = project.orchestrator(*words).err.splitlines()[-1]
        assert last.startswith("next: orchestrator ")
        assert last.endswith("'held; rm -rf forged'")
