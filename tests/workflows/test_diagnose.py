"""doctor against real hosts: this machine, a real sshd, and tools that answer, fail or hang."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.doctor.diagnosis import Diagnosis
from orchestrator.doctor.finding import Finding, Level
from orchestrator.errors import ExitCode, HostUnfit
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.host import Host, TransportKind
from orchestrator.workflows.diagnose import diagnose, require_fit, shown
from remote_payload.contract.request import Provider, Request
from remote_payload.contract.words import Device, Stage
from tests.conftest import SshdVariant
from tests.disks import mounted, unwritable
from tests.ssh.link import LossyLink
from tests.ssh.server import INTERACTIVE_ONLY, NO_PYTHON, NOISY_LOGIN, SshServer

REQUEST = Request("", "", (Stage.CHECK,), (), (Provider("sdpa"),))
TOOLS = Path(__file__).parents[1] / "fixtures" / "doctor"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
# What the agent bounds itself to, and room for a busy test machine.
BOUND_S = 2.4 + 3.0


@pytest.fixture
def here(tmp_path: Path) -> Host:
    return Host("here", TransportKind.LOCAL, str(tmp_path / "work"), sys.executable)


def with_tools(host: Host, *kinds: str, **env: str) -> Host:
    """The host with stand-in tools first on the PATH of jobs."""
    path = ":".join([*(str(TOOLS / kind) for kind in kinds), SYSTEM_PATH])
    return replace(host, env=(*host.env, ("PATH", path), *env.items()))


def look(host: Host, probe_counters: bool = False) -> Diagnosis:
    with connect(host, Trust(Path(host.workspace).parent / "known_hosts")) as transport:
        return diagnose(transport, probe_counters=probe_counters)


def line(diagnosis: Diagnosis, topic: str) -> Finding:
    return next(one for one in diagnosis.findings if one.topic == topic)


def test_this_machine_is_seen_and_nothing_is_written(here: Host, tmp_path: Path) -> None:
    diagnosis = look(here)
    assert line(diagnosis, "python").found.startswith(".".join(map(str, sys.version_info[:3])))
    assert line(diagnosis, "clock").level is Level.OK
    assert line(diagnosis, "workspace").level is Level.OK
    assert (diagnosis.facts.silent, diagnosis.facts.faults) == ((), ())
    assert list(tmp_path.iterdir()) == []


def test_a_real_sshd_is_reached_directly_and_its_login_is_quiet(sshd: SshServer) -> None:
    untouched = sshd.remote_home / "never made"
    diagnosis = look(replace(sshd.host(), workspace=str(untouched)))
    assert diagnosis.reach.route == "direct SSH"
    assert diagnosis.reach.noise_bytes == 0
    assert line(diagnosis, "login").level is Level.OK
    assert not untouched.exists()


def test_the_noise_of_a_login_is_counted_to_the_byte(sshd_variant: SshdVariant) -> None:
    diagnosis = look(sshd_variant(*NOISY_LOGIN).host())
    assert diagnosis.reach.noise_bytes == 102400 + len("\nWelcome to the pod\n")
    assert line(diagnosis, "login").level is Level.WARN


def test_an_h100_with_its_tools_is_fit(here: Host) -> None:
    diagnosis = look(with_tools(replace(here, gpu=0), "h100"))
    assert line(diagnosis, "gpu").found == "NVIDIA H100 80GB HBM3 (compute capability 9.0)"
    assert line(diagnosis, "driver").found == "570.133.20, for CUDA up to 12.8"
    assert line(diagnosis, "nvcc").found.startswith(f"12.8 at {TOOLS}/h100/nvcc, because PATH ")
    assert line(diagnosis, "compile").level is Level.OK
    assert line(diagnosis, "arch").found == "nvcc 12.8 compiles for sm_90a"
    assert line(diagnosis, "ncu").found.startswith("2025.1.1.0")
    for topic in ("idle", "temperature", "ecc", "mig", "throttle"):
        assert line(diagnosis, topic).level is Level.OK


def test_tools_on_the_path_of_an_ssh_login_are_found_too(sshd_variant: SshdVariant) -> None:
    force = (
        f'ForceCommand PATH={TOOLS}/h100:{SYSTEM_PATH}; export PATH; eval "$SSH_ORIGINAL_COMMAND"'
    )
    assert look(sshd_variant(force).host()).facts.gpus[0].name == "NVIDIA H100 80GB HBM3"


def test_a_hanging_nvidia_smi_holds_nothing_up_and_is_ended(here: Host, tmp_path: Path) -> None:
    seen = tmp_path / "pids"
    # Where no toolkit is, none is tried: the time is that of the look alone.
    host = with_tools(here, "hanging", SEEN=str(seen), CUDA_HOME="/nonexistent")
    started = time.monotonic()
    diagnosis = look(host)
    assert time.monotonic() - started < BOUND_S
    assert line(diagnosis, "gpu").found == "nvidia-smi does not answer"
    assert line(diagnosis, "gpu").level is Level.FAIL
    assert diagnosis.facts.silent == ("nvidia_smi",)
    assert line(diagnosis, "python").level is Level.OK
    pids = [int(text) for text in seen.read_text().split()]
    assert len(pids) == 2
    assert not any(_runs(pid) for pid in pids)


def test_escape_codes_in_a_tools_words_reach_no_terminal(here: Host) -> None:
    diagnosis = look(with_tools(here, "failing"))
    found = line(diagnosis, "gpu")
    assert found.level is Level.FAIL
    assert "Driver/library version mismatch" in found.found
    assert found.mend.startswith("restart the machine")
    everything = str(shown(diagnosis)) + "".join(str(one) for one in diagnosis.findings)
    assert "\x1b" not in everything
    assert "\x07" not in everything


@pytest.mark.parametrize(
    ("kinds", "level", "words"),
    [
        (("h100",), Level.WARN, "ERR_NVGPUCTRPERM"),
        (("allowed", "h100"), Level.OK, "ncu measured a kernel"),
        (("nan", "h100"), Level.WARN, "not usable: ncu ran, but its counter came back as nan"),
        (("mismatched", "h100"), Level.WARN, "Cuda driver is not compatible with Nsight Compute."),
    ],
)
def test_the_counter_probe_tells_what_ncu_really_does(
    here: Host, kinds: tuple[str, ...], level: Level, words: str
) -> None:
    found = line(look(with_tools(here, *kinds), probe_counters=True), "counters")
    assert found.level is level
    assert words in found.found


def test_without_a_gpu_no_counters_are_probed(here: Host) -> None:
    assert look(with_tools(here, "failing"), probe_counters=True).facts.counters is None


def test_other_verbs_stop_with_the_same_words(here: Host) -> None:
    diagnosis = look(with_tools(here, "failing"))
    with pytest.raises(HostUnfit, match=r"here .*: gpu: nvidia-smi says: ") as caught:
        require_fit(diagnosis, replace(REQUEST, device=Device.CUDA))
    assert caught.value.hint == line(diagnosis, "gpu").mend
    assert require_fit(replace(diagnosis, findings=()), REQUEST) == ()


def test_another_python_that_has_torch_is_found_without_importing_it(
    here: Host, home: Path, tmp_path: Path
) -> None:
    bare = _environment(tmp_path / "bare")
    other = _environment(home / ".venv")
    site = next((home / ".venv" / "lib").glob("python3*/site-packages"))
    (site / "torch").mkdir()
    (site / "torch" / "__init__.py").write_text("raise RuntimeError('imported')")
    (site / "torch" / "version.py").write_text(
        "__version__ = '2.6.0+cu124'\ncuda: Optional[str] = '12.4'\n"
    )
    diagnosis = look(replace(with_tools(here), python=str(bare)))
    assert diagnosis.facts.interpreters[0].torch == ""
    assert line(diagnosis, "torch").level is Level.FAIL
    found = {one.path: one for one in diagnosis.facts.interpreters}[str(other)]
    assert (found.torch, found.torch_cuda) == ("2.6.0+cu124", "12.4")


def test_a_workspace_that_cannot_be_written_to_fails(here: Host, tmp_path: Path) -> None:
    target = tmp_path / "fixed"
    target.mkdir()
    with mounted(target, "ro") if os.geteuid() == 0 else unwritable(target):
        found = line(look(replace(here, workspace=str(target / "work"))), "workspace")
    assert found.level is Level.FAIL
    assert "is read-only" in found.found or "not yours" in found.found
    assert found.mend.startswith("set `workspace:` for here in the inventory")


def test_a_full_disk_fails(here: Host, tmp_path: Path) -> None:
    target = tmp_path / "small"
    target.mkdir()
    with mounted(target, "size=128k"):
        (target / "filling").write_bytes(b"x" * (96 << 10))
        empty = line(look(replace(here, workspace=str(target))), "workspace")
        (target / "builds").mkdir()
        found = line(look(replace(here, workspace=str(target))), "workspace")
    for one in (empty, found):
        assert one.level is Level.FAIL
        assert "is full" in one.found
        assert "set `workspace:`" in one.mend
    assert f"rm -r {target}/builds" in found.mend
    assert "rm -r" not in empty.mend


def test_the_environment_of_jobs_reaches_the_tools_but_no_command_line(here: Host) -> None:
    secret = "hunter2-in-the-environment"
    host = with_tools(here, "h100", HF_TOKEN=secret)
    diagnosis = look(host)
    assert diagnosis.facts.toolkits[0].path == str(TOOLS / "h100" / "nvcc")
    assert secret not in str(shown(diagnosis))


def test_a_host_without_python_is_unfit_and_told_what_to_set(sshd_variant: SshdVariant) -> None:
    host = replace(sshd_variant(*NO_PYTHON).host(), python="python3")
    with pytest.raises(HostUnfit, match="has no 'python3'") as caught:
        look(host)
    assert caught.value.exit_code == ExitCode.UNFIT
    assert "`python:`" in caught.value.hint


def test_an_interactive_only_proxy_is_named_as_what_it_is(sshd_variant: SshdVariant) -> None:
    with pytest.raises(HostUnfit, match="interactive-only SSH proxy"):
        look(sshd_variant(*INTERACTIVE_ONLY).host())


def test_an_answer_that_makes_no_sense_is_refused(here: Host, tmp_path: Path) -> None:
    liar = tmp_path / "python3"
    liar.write_text(
        f"#!{sys.executable}\n"
        "import json, struct, sys, zlib\n"
        "body = zlib.compress(json.dumps({'silent': 'all', 'x': '\\x1b[2J'}).encode())\n"
        "out = sys.stdout.buffer\n"
        "out.write(b'\\n@@BSK1 ' + sys.argv[4].encode() + b'\\n')\n"
        "out.write(b'J' + struct.pack('>I', len(body)) + body)\n"
    )
    liar.chmod(0o755)
    with pytest.raises(HostUnfit, match="makes no sense") as caught:
        look(replace(here, python=str(liar)))
    assert "\x1b" not in caught.value.message


def test_at_100_ms_it_takes_less_than_three_seconds(
    sshd: SshServer, lossy_link: Callable[..., LossyLink], tmp_path: Path
) -> None:
    """Where ten lines were compiled before: doing so takes the compiler's own time."""
    host = replace(sshd.host(), workspace=str(tmp_path))
    look(host)
    link = lossy_link(latency_s=0.05)
    started = time.monotonic()
    diagnosis = look(replace(host, port=link.port))
    took_s = time.monotonic() - started
    assert took_s < 3.0, (took_s, diagnosis.reach, diagnosis.facts.took_s)


def _environment(folder: Path) -> Path:
    venv.create(folder, symlinks=True, with_pip=False)
    return folder / "bin" / "python"


def _runs(pid: int) -> bool:
    """Whether pid is a living process; one that its parent has yet to collect is not."""
    said = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return bool(said.stdout.strip()) and not said.stdout.startswith("Z")
