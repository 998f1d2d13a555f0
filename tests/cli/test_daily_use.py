"""The day of a user, over a real sshd and with the real payload on the CPU."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from orchestrator.cli.app import cli
from tests.cli.conftest import REPOSITORY, Project
from tests.golden import assert_golden
from tests.ssh.link import LossyLink
from tests.ssh.server import NOISY_LOGIN, WITH_SFTP, SshServer

SMALL = ("--batch", "1", "--seq", "160", "--heads", "1,2")
# Building for three architectures takes half a minute; these tests are about the path.
QUICK = (*SMALL, "--arch", "sm_90a", "--providers", "sdpa")
PROVIDERS = "tests/fixtures/providers"


def provider(target: str, name: str = "mine") -> str:
    return f"{name}={REPOSITORY / PROVIDERS / target}"


def test_deploy_sends_all_then_nothing_then_the_one_file_that_changed(
    project: Project, sshd: SshServer
) -> None:
    project.add_ssh_host(sshd)
    first = project.orchestrator("deploy", "--no-build", "--json").json
    again = project.orchestrator("deploy", "--no-build", "--json").json
    (project.root / "csrc" / "new.cuh").write_text("// one more\n")
    changed = project.orchestrator("deploy", "--no-build")
    assert first["sent_files"] == first["files"] > 20
    assert (again["sent_files"], again["sent_bytes"]) == (0, 0)
    assert "sent 1 file," in changed.out
    (project.root / "csrc" / "new.cuh").unlink()
    back = project.orchestrator("deploy", "--no-build", "--json").json
    assert (back["snapshot"], back["sent_files"]) == (first["snapshot"], 0)


@pytest.mark.parametrize("behaviour", [WITH_SFTP, NOISY_LOGIN], ids=["with SFTP", "noisy login"])
def test_a_profile_over_ssh_measures_and_its_report_is_the_same_bytes_for_ever(
    project: Project, sshd_variant: Callable[..., SshServer], behaviour: tuple[str, ...]
) -> None:
    project.add_ssh_host(sshd_variant(*behaviour))
    made = project.orchestrator("profile", *QUICK, "--rounds", "2", "--starts", "2")
    assert made.code == 0, made.err
    path = Path(made.out.splitlines()[-1])
    text = path.read_bytes()
    # The network is gone: nothing below may need the host.
    project.add_ssh_host(sshd_variant(), port=1)
    for _ in range(2):
        assert project.orchestrator("report", "latest").code == 0
        assert path.read_bytes() == text
    result = json.loads((path.parent / "result.json").read_text())
    assert [record["status"] for record in result["checks"]] == ["ok", "ok"]
    assert {dict(record["case"]["axes"])["H"] for record in result["bench"]} == {1, 2}
    assert all(min(record["samples_us"]) > 0 for record in result["bench"])


ON_POD = (
    "default: pod\nhosts:\n  pod:\n    transport: ssh\n    address: 192.0.2.1\n"
    "    python: /opt/my python/bin/python\n    workspace: /workspace/it's here\n    gpu: 3\n"
)
# Every verb that has --dry-run, and how many commands it sends.
DRY_RUNS = {
    **{"deploy": 4, "check": 5, "bench": 5, "watch": 3, "ncu": 5, "prove": 5, "ceilings": 5},
    "profile": 5,
}


def words_of(line: str, before: str = "") -> list[str]:
    """What a shell makes of a command line, once it has run what stands before."""
    script = f"{before}\nset -- {line.removeprefix('exec ')}\nprintf '%s\\0' \"$@\""
    seen = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    return seen.stdout.split("\0")[:-1]


def test_no_verb_has_a_dry_run_that_is_not_looked_at_here() -> None:
    context = click.Context(cli)
    commands = {verb: cli.get_command(context, verb) for verb in cli.list_commands(context)}
    with_it = {
        v for v, one in commands.items() if one and "dry_run" in {p.name for p in one.params}
    }
    # One sends nothing, the other goes over commits; both have tests of their own.
    assert with_it == {*DRY_RUNS, "init", "bisect"}


@pytest.mark.parametrize("verb", DRY_RUNS)
def test_a_dry_run_says_every_command_in_readable_form_opens_nothing_and_writes_nothing(
    project: Project, verb: str
) -> None:
    project.inventory(ON_POD)
    before = project.files()
    shown = project.orchestrator(verb, "--dry-run")
    steps = project.orchestrator(verb, "--dry-run", "--json").json
    assert (shown.code, project.files()) == (0, before)
    assert len(steps) == DRY_RUNS[verb]
    assert max(map(len, shown.out.splitlines())) < 600, "no packed program"
    for number, step in enumerate(steps, 1):
        _, _, rest = shown.out.partition(f"# {number}. on pod: {step['what']}\n")
        line = rest.partition("\n")[0]
        # Word for word what is sent, but for the one that holds a program, named by its digest.
        words = words_of(step["command"])
        programs = [word for word in words if word.startswith("import zlib,base64")]
        for word in programs:
            digest = hashlib.sha256(word.encode()).hexdigest()[:12]
            named = re.search(rf"<[a-z]+, {len(word):,} bytes, sha256 {digest}>", line)
            assert named is not None, line
            line = line.replace(named[0], '"$program"')
        assert words_of(line, f"program={shlex.quote(''.join(programs))}") == words
    assert "orchestrator --debug" in shown.out


@pytest.mark.parametrize("verb", DRY_RUNS)
def test_with_debug_a_dry_run_goes_on_with_what_a_shell_makes_the_exact_commands_of(
    project: Project, verb: str
) -> None:
    project.inventory(ON_POD)
    brief = project.orchestrator(verb, "--dry-run").out.splitlines()
    shown = project.orchestrator("--debug", verb, "--dry-run").out.splitlines()
    assert shown[: len(brief) - 1] == brief[:-1], "the readable part comes first"
    rest = shown[len(brief) - 1 :]
    assignments = "\n".join(line for line in rest if re.match("[A-Z]+='", line))
    lines = [line for line in rest if line.startswith("exec ")]
    steps = project.orchestrator(verb, "--dry-run", "--json").json
    sent = [words_of(step["command"]) for step in steps]
    assert [words_of(line, assignments) for line in lines] == sent
    assert "base64" in assignments


def golden_form(text: str) -> str:
    """A dry run without what changes with every edit: programs, digests and sizes."""
    text = re.sub(r"<([a-z]+), [\d,]+ bytes, sha256 [0-9a-f]{12}>", r"<\1, N bytes, …>", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "<snapshot>", text)
    return re.sub(r"sync \d+ files, [\d,]+ bytes", "sync N files, N bytes", text)


def test_the_remote_command_lines_are_the_golden_ones(project: Project) -> None:
    project.inventory(ON_POD)
    outcome = project.orchestrator("profile", "--heads", "96", "--dry-run")
    assert outcome.code == 0, outcome.err
    assert_golden("dry_run_profile.txt", golden_form(outcome.out))


def test_a_dry_run_of_deploy_says_what_is_sent_and_without_a_build_no_job(project: Project) -> None:
    shown = project.orchestrator("deploy", "--no-build", "--dry-run")
    assert re.search(r"(?m)^send +[\d,]+  'csrc/attention/api.cu'$", shown.out)
    assert re.findall(r"(?m)^# (\d)\.", shown.out) == ["1"]


# Each is a provider of its own here, called by its function.
MISBEHAVING = {
    "broken_rescale.py:attention": "outside",
    "misbehaving.py:raises": "raise",
    "misbehaving.py:returns_nan": "NaN",
    "misbehaving.py:wrong_shape": "returned shape",
    "misbehaving.py:hangs": "no result within 4 s",
}


def test_providers_that_misbehave_fail_the_gate_and_are_never_timed(project: Project) -> None:
    names = {target.partition(":")[2]: words for target, words in MISBEHAVING.items()}
    theirs = [f"--provider={provider(target, target.partition(':')[2])}" for target in MISBEHAVING]
    least = ("--rounds", "1", "--starts", "2", "--case-limit", "4")
    outcome = project.orchestrator("bench", *QUICK, *theirs, *least, "--json")
    assert outcome.code == 1
    result = outcome.json["result"]
    assert {row["provider"] for row in result["bench"]} == {"sdpa"}
    report = Path(outcome.json["report"]).read_text()
    for name, words in names.items():
        mine = [record for record in result["checks"] if record["provider"] == name]
        assert {record["status"] for record in mine} <= {"failed", "timeout"}
        assert mine
        assert any(words.lower() in record["reason"].lower() for record in mine)
        assert f"| {name} | " in report


def test_without_a_gpu_our_kernel_is_checked_in_the_emulator_and_never_timed(
    project: Project,
) -> None:
    ours = (*SMALL, "--arch", "sm_90a", "--providers", "sparsek")
    checked = project.orchestrator("check", *ours)
    assert checked.code == 0, checked.err
    report = Path(checked.out.splitlines()[-1]).read_text()
    assert "| sparsek (emulated) |" in report
    timed = project.orchestrator("bench", *ours, "--json")
    assert timed.code == 4
    assert "never timed" in timed.err
    assert timed.json["result"]["bench"] == []


def test_a_run_survives_a_link_that_breaks_in_its_middle(
    project: Project, sshd: SshServer, lossy_link: Callable[..., LossyLink]
) -> None:
    link = lossy_link()
    project.add_ssh_host(sshd, port=link.port)
    import threading

    cut = threading.Timer(3.0, link.cut)
    cut.start()
    outcome = project.orchestrator("profile", *QUICK, "--rounds", "2", "--starts", "2")
    cut.join()
    assert outcome.code == 0, outcome.err
    assert "trying again" in outcome.err


def test_an_interrupted_download_is_finished_by_attach(project: Project) -> None:
    assert project.orchestrator("check", *QUICK).code == 0
    folder = next((project.root / "runs").glob("[!.]*"))
    whole = (folder / "result.json").read_bytes()
    # As a laptop that died in the middle of the download leaves it.
    (folder / "result.json").unlink()
    (folder / "end.json").unlink()
    (folder / "result.json.partial").write_bytes(whole[:1000])
    assert "attach" in project.orchestrator("runs").out
    assert project.orchestrator("attach", "latest").code == 0
    assert (folder / "result.json").read_bytes() == whole
    assert not (folder / "result.json.partial").exists()


def test_runs_are_listed_shown_and_removed(project: Project) -> None:
    assert project.orchestrator("check", *QUICK).code == 0
    listed = project.orchestrator("runs", "--json").json
    assert [row["status"] for row in listed] == ["ok"]
    shown = project.orchestrator("runs", "show", "latest", "--json").json
    assert shown["result"]["status"] == "ok"
    assert "result.json" in shown["files"]
    assert project.orchestrator("runs", "rm", "latest", "--yes").code == 0
    assert project.orchestrator("runs", "--json").json == []


def test_the_shell_command_itself_starts_and_help_imports_nothing_heavy() -> None:
    probe = (
        "import sys; from orchestrator.cli.app import run; code = run(['--help'])\n"
        "heavy = {'fabric', 'paramiko', 'torch', 'matplotlib', 'rich', 'pydantic', 'jinja2', 'scipy', 'numpy'}\n"
        "sys.exit(code or sorted(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "profile" in done.stdout
