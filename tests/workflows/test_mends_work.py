"""Every kind of command that doctor offers as a mend is run here, and mends."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pip
import pytest
from click.testing import CliRunner

from orchestrator.cli.app import cli
from orchestrator.doctor.diagnosis_host import ONLY_FOR_PEOPLE
from orchestrator.doctor.finding import Finding, Level
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.host import Host, TransportKind
from orchestrator.workflows.diagnose import diagnose
from tests import toolkit
from tests.disks import mounted
from tests.model.test_diagnosis import CASES

QUOTED = re.compile(r"`([^`]+)`")
OFFERED = re.compile(r"(?:on the host|here): `([^`]+)`")
# What a command looks like that is offered without saying where it is to be run.
LOOSE = re.compile(
    r"\b(?:pip3? install|apt(?:-get)? install|conda install|uv (?:pip|venv)|rm -r|sudo|as root"
    r"|docker run|modprobe|systemctl|timedatectl|dcgmi \w+|nvidia-smi -|ncu -|orchestrator \w+"
    r"|ssh -\w|python\S* -\w|run `?(?:ncu|nvidia-smi))"
)
# What else may stand between backticks: a setting of the inventory, a variable, a line for sshd.
SETTING = re.compile(r"[a-z_]+:( .+)?|[A-Z_]+|UseDNS no")
STAND_INS = Path(__file__).parents[1] / "fixtures" / "doctor" / "h100"
NO_TOOLS = (("PATH", "/usr/bin:/bin"), ("CUDA_HOME", "/nonexistent"))
INSTALLED = "2.9.0, built for CUDA 12.6"


def mends() -> Iterator[Finding]:
    for _, change, *_ in CASES:
        yield from (one for one in change().findings if one.level is not Level.OK)


def test_each_command_says_where_and_is_run_by_a_test_below() -> None:
    offered = {command for one in mends() for command in OFFERED.findall(one.mend)}
    assert [one for one in offered if not any(it.fullmatch(one) for it in RUN_BY)] == []
    assert [it.pattern for it in RUN_BY if not any(map(it.fullmatch, offered))] == []


def test_no_command_is_offered_without_its_machine() -> None:
    loose = {(one.topic, one.mend) for one in mends() if LOOSE.search(OFFERED.sub("", one.mend))}
    assert loose == set()
    quoted = {text for one in mends() for text in QUOTED.findall(OFFERED.sub("", one.mend))}
    assert {text for text in quoted if not SETTING.fullmatch(text)} == set()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    (tmp_path / "work").mkdir()
    return Host("a", TransportKind.LOCAL, str(tmp_path / "work"), sys.executable, env=NO_TOOLS)


def line(host: Host, topic: str) -> Finding:
    with connect(host, Trust(Path(host.workspace).parent / "known_hosts")) as transport:
        return next(one for one in diagnose(transport).findings if one.topic == topic)


def command_of(finding: Finding) -> str:
    (command,) = OFFERED.findall(finding.mend)
    return str(command)


@pytest.fixture
def wheels(tmp_path: Path) -> dict[str, str]:
    """The environment of a pip that has one package to install, and no network."""
    folder, about = tmp_path / "wheels", "torch-2.9.0.dist-info"
    folder.mkdir()
    with zipfile.ZipFile(folder / "torch-2.9.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("torch/__init__.py", "")
        wheel.writestr("torch/version.py", "__version__ = '2.9.0'\ncuda = '12.6'\n")
        meta = "Metadata-Version: 2.1\nName: torch\nVersion: 2.9.0\n"
        wheel.writestr(f"{about}/METADATA", meta)
        kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{about}/WHEEL", kind)
        wheel.writestr(f"{about}/RECORD", "")
    return {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def test_pip_installs_torch_where_it_may(
    host: Host, tmp_path: Path, wheels: dict[str, str]
) -> None:
    """Also in the place of a build for the CPU, and with PyTorch's index named."""
    venv.create(tmp_path / "own", symlinks=True)
    (packages,) = (tmp_path / "own").glob("lib/python*/site-packages")
    (packages / "pip").symlink_to(Path(pip.__file__).parent)  # a new one would take seconds
    bare = replace(host, python=str(tmp_path / "own" / "bin" / "python"))
    command = command_of(line(bare, "torch"))
    subprocess.run(command, shell=True, env=wheels, check=True, capture_output=True)
    assert line(bare, "torch").found == INSTALLED
    (version,) = (tmp_path / "own").glob("lib/python*/site-packages/torch/version.py")
    version.write_text("__version__ = '2.9.0+cpu'\ncuda = None\n")
    anew = command.replace("install torch", "install --force-reinstall torch --index-url https://x")
    subprocess.run(anew, shell=True, env=wheels, check=True, capture_output=True)
    assert line(bare, "torch").found == INSTALLED


# A Python that its system manages, as Debian and Ubuntu have it: PEP 668's mark lies beside its
# library, for whoever lives in this mount namespace.
MANAGED = """mount -t tmpfs none {top} && mkdir {top}/u {top}/w && touch {top}/u/EXTERNALLY-MANAGED &&
mount -t overlay none -o lowerdir={library},upperdir={top}/u,workdir={top}/w {library} || exit 77
exec "$@" """


@pytest.fixture
def managed(tmp_path: Path) -> Callable[[str], str]:
    """Makes a command line run where pip is kept out; skipped where that cannot be had."""
    library, top = sysconfig.get_path("stdlib"), tmp_path / "top"
    top.mkdir()
    script = toolkit.program(tmp_path / "inside", MANAGED.format(top=top, library=library))
    words = ["unshare", "-m", str(script), "true"]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("mounting over Python's library is not allowed here")
    return lambda command: f"unshare -m {script} {command}"


def test_where_the_system_manages_python_torch_goes_into_an_environment_of_its_own(
    host: Host, tmp_path: Path, wheels: dict[str, str], managed: Callable[[str], str]
) -> None:
    base = f"{sys.base_prefix}/bin/python3"
    python = toolkit.program(tmp_path / "python", f'exec {managed(base)} "$@"')
    before = line(replace(host, python=str(python)), "torch")
    if before.level is Level.OK:
        pytest.skip("this machine's own Python has torch")
    assert "its system keeps pip out" in before.mend
    refused = managed(f"{base} -m pip install torch")
    said = subprocess.run(refused, shell=True, env=wheels, capture_output=True, text=True)
    assert "externally-managed-environment" in said.stderr
    command = managed(f"sh -c '{command_of(before).replace(f'{python} ', f'{base} ')}'")
    subprocess.run(command, shell=True, env=wheels, check=True, capture_output=True)
    found = re.search(r"set `python: ([^`]+)` for a in the inventory", before.mend)
    assert found
    assert line(replace(host, python=found[1]), "torch").found == INSTALLED


def test_removing_the_builds_makes_room(host: Host, tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=1m") as place:
        (place / "builds" / "key").mkdir(parents=True)
        (place / "builds" / "key" / "lib.so").write_bytes(b"x" * 1_000_000)
        small = replace(host, workspace=str(place))
        full = line(small, "workspace")
        assert "is full" in full.found
        subprocess.run(command_of(full), shell=True, check=True)
        assert "is full" not in line(small, "workspace").found


def test_a_python_that_hangs_shows_it_when_tried(host: Host, tmp_path: Path) -> None:
    """It starts, isolated, as our agents start it; a program of its own never ends."""
    hangs = f'case "$*" in -IS*) exec {sys.executable} "$@" ;; esac; exec sleep 30'
    odd = toolkit.program(tmp_path / "python", hangs)
    reached = line(replace(host, python=str(odd)), "python")
    assert reached.level is Level.OK  # the agent's own interpreter is the one behind it
    (command,) = (c for one in mends() for c in OFFERED.findall(one.mend) if "print" in c)
    tried = "exec " + command.replace("python", str(odd), 1)
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(tried, shell=True, timeout=0.3)
    well = command.replace("python", sys.executable, 1)
    assert subprocess.run(well, shell=True, capture_output=True).stdout == b"1\n"


def test_commands_of_ours_do_what_they_are_offered_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that look, look; also at the counters of a GPU, where a stand-in is one."""
    env = {"PATH": f"{STAND_INS}:/usr/bin:/bin", "CUDA_HOME": str(tmp_path)}
    words = f"transport: local, workspace: {tmp_path}, env: {json.dumps(env)}"
    (tmp_path / "inventory.yaml").write_text(f"hosts: {{h100: {{{words}}}}}\n")
    monkeypatch.chdir(tmp_path)
    offered = {c for one in mends() for c in OFFERED.findall(one.mend)}
    said = {}
    for command in sorted(one for one in offered if one.startswith("orchestrator ")):
        result = CliRunner().invoke(cli, shlex.split(command)[1:], standalone_mode=False)
        assert result.exception is None, command
        said[command.removeprefix("orchestrator ")] = result.stdout
    assert sorted(said) == ["doctor h100", "doctor h100 --probe-counters", "hosts add --help"]
    assert "not probed" in said["doctor h100"]
    assert "counters" in said["doctor h100 --probe-counters"]
    assert "not probed" not in said["doctor h100 --probe-counters"]
    assert "Usage: " in said["hosts add --help"]


def test_what_shows_a_limit_shows_it() -> None:
    offered = {c for one in mends() for c in OFFERED.findall(one.mend) if c.startswith("ulimit")}
    for command in offered:
        limited = f"{command} 16; {command}"
        assert subprocess.run(limited, shell=True, capture_output=True).stdout == b"16\n"


def test_the_line_for_bashrc_keeps_a_login_quiet_for_commands_only(tmp_path: Path) -> None:
    file = tmp_path / ".bashrc"
    file.write_text(f"{ONLY_FOR_PEOPLE}\necho noise\n")
    quiet = subprocess.run(["bash", "-c", f". {file}"], capture_output=True)
    assert quiet.stdout == b""
    person = ["bash", "--rcfile", str(file), "-i", "-c", "true"]
    assert b"noise" in subprocess.run(person, capture_output=True, start_new_session=True).stdout


PIP = r"\S+ -m pip install( --force-reinstall)? torch( --index-url https://\S+/whl/cu\d+)?"
RUN_BY = {
    re.compile(PIP): test_pip_installs_torch_where_it_may,
    re.compile(rf"\S+ -m venv \S+ && {PIP}"): (
        test_where_the_system_manages_python_torch_goes_into_an_environment_of_its_own
    ),
    re.compile(r"ulimit -[fn]"): test_what_shows_a_limit_shows_it,
    re.compile(r"rm -r \S+/builds"): test_removing_the_builds_makes_room,
    re.compile(r"\S+ -c 'print\(1\)'"): test_a_python_that_hangs_shows_it_when_tried,
    re.compile(r"orchestrator doctor \S+( --probe-counters)?|orchestrator hosts add --help"): (
        test_commands_of_ours_do_what_they_are_offered_for
    ),
}
