"""doctor names the toolkit that builds take: the same places, looked at by both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.doctor.diagnosis import diagnose
from orchestrator.doctor.evidence import facts_of
from orchestrator.doctor.finding import Finding
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.host import Host, TransportKind
from orchestrator.values.host_facts import Reach
from orchestrator.workflows.diagnose import _gather
from tests import toolkit

REPOSITORY = Path(__file__).parents[2]
SYSTEM = "/usr/bin:/bin"
NVCC = "echo 'Cuda compilation tools, release {release}, V{release}.1'"
CHOSEN = "from remote_payload.machine.toolkit import nvcc_program; print(nvcc_program())"


@pytest.fixture
def here(tmp_path: Path) -> Host:
    return Host("here", TransportKind.LOCAL, str(tmp_path / "work"), sys.executable)


@pytest.fixture
def homes(tmp_path: Path) -> dict[str, Path]:
    """Stand-in toolkits that tell their release."""
    kits = {"a": "12.4", "b": "12.8", "c": "13.0"}
    for name, release in kits.items():
        toolkit.program(tmp_path / name / "bin" / "nvcc", NVCC.format(release=release))
    return {name: tmp_path / name for name in kits}


def doctor(host: Host) -> Finding:
    """Its line, without compiling anything."""
    with connect(host, Trust(Path(host.workspace).parent / "known_hosts")) as transport:
        evidence, _ = _gather(transport)
    found = diagnose(host, Reach("", 0.0, 0.0, 0, 0.0), facts_of(evidence)).findings
    return next(one for one in found if one.topic == "nvcc")


def payload(host: Host, stands_in: str | None = None) -> str:
    """What the payload takes under the environment of that host's jobs."""
    env = {**os.environ, **host.environment, "PYTHONPATH": str(REPOSITORY)}
    words = [sys.executable, "-c", CHOSEN]
    done = subprocess.run(words, env=env, cwd=stands_in, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("env", "chosen", "why"),
    [
        ({"CUDA_HOME": "a", "CUDA_PATH": "b", "PATH": "c"}, "a", "CUDA_HOME says so in the"),
        ({"CUDA_PATH": "b", "PATH": "c"}, "b", "CUDA_PATH says so in the inventory's env"),
        ({"PATH": "c"}, "c", "PATH leads there"),
        ({"CUDA_HOME": "", "CUDA_PATH": "b", "PATH": "a"}, "b", "CUDA_PATH says so"),
    ],
)
def test_the_first_place_that_names_a_toolkit_decides(
    here: Host, homes: dict[str, Path], env: dict[str, str], chosen: str, why: str
) -> None:
    paths = {name: str(homes[value]) if value else "" for name, value in env.items()}
    paths["PATH"] = f"{paths['PATH']}/bin:{SYSTEM}"
    host = replace(here, env=tuple({"CUDA_HOME": "", "CUDA_PATH": "", **paths}.items()))
    found = doctor(host).found
    assert f" at {homes[chosen]}" in found
    assert f"because {why}" in found
    assert payload(host) == f"{homes[chosen]}/bin/nvcc"


def test_the_inventorys_toolkit_comes_before_that_on_path(
    here: Host, homes: dict[str, Path]
) -> None:
    env = {"PATH": f"{homes['c']}/bin:{SYSTEM}", "CUDA_HOME": str(homes["a"])}
    host = replace(here, cuda_home=str(homes["a"]), env=tuple(env.items()))
    start = f"12.4 at {homes['a']}, because the inventory's cuda_home says so; also there: 13.0 on"
    assert doctor(host).found.startswith(start)
    assert payload(host) == f"{homes['a']}/bin/nvcc"


def test_a_named_toolkit_that_is_not_there_is_no_reason_to_take_another(
    here: Host, homes: dict[str, Path], tmp_path: Path
) -> None:
    env = {"PATH": f"{homes['c']}/bin:{SYSTEM}", "CUDA_HOME": str(tmp_path / "gone")}
    host = replace(here, cuda_home=str(tmp_path / "gone"), env=tuple(env.items()))
    found = doctor(host)
    assert found.level.value == "fail"  # on a host without a GPU too: builds there fail
    assert found.found.endswith(
        f"{tmp_path}/gone, because the inventory's cuda_home says so: it holds no bin/nvcc"
    )
    assert found.mend == f"correct `cuda_home:` for here in the inventory, e.g. to {homes['c']}"
    assert payload(host) == "None"


def test_a_relative_place_is_none_for_both(here: Host, homes: dict[str, Path]) -> None:
    """It is there for whoever stands in /, and another folder for everybody else."""
    relative = str(homes["a"]).lstrip("/")
    env = {"CUDA_HOME": relative, "CUDA_PATH": "", "PATH": SYSTEM}
    named = replace(here, env=tuple(env.items()))
    assert doctor(named).found.endswith("in the inventory's env: it is no absolute path")
    assert payload(named, "/") == "None"
    path = f"{relative}/bin:{homes['b']}/bin:{SYSTEM}"
    on_path = replace(here, env=(("CUDA_HOME", ""), ("CUDA_PATH", ""), ("PATH", path)))
    assert doctor(on_path).found.startswith("12.8 at ")
    assert payload(on_path, "/") == f"{homes['b']}/bin/nvcc"


LAYOUT = """
mkdir {here}/top && mount -t tmpfs none {here}/top && mkdir {here}/top/u {here}/top/w &&
mount -t overlay none -o lowerdir=/usr/local,upperdir={here}/top/u,workdir={here}/top/w \\
  /usr/local || exit 77
rm -rf /usr/local/cuda* /usr/local/bin/nvcc
for v in 12.9 12.10 {newest}; do
  mkdir -p /usr/local/cuda-$v/bin
  cp {here}/a/bin/nvcc /usr/local/cuda-$v/bin/nvcc
done
exec "$@"
"""
BOTH = """
import json, os
exec(open(os.path.join("remote_payload", "agent", "toolkits.py")).read())
from remote_payload.machine.toolkit import nvcc_program
print(json.dumps([toolkit_places()[0][1], nvcc_program()]))
"""


@pytest.mark.parametrize("newest", ["12.10", "13", "13.0"])
def test_of_toolkits_beside_each_other_the_newest_by_number_is_taken(
    homes: dict[str, Path], tmp_path: Path, newest: str
) -> None:
    script = LAYOUT.format(here=tmp_path, newest=newest)
    words = ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, "-c", BOTH]
    env = {"PATH": SYSTEM, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(words, cwd=REPOSITORY, env=env, capture_output=True, text=True)
    if os.geteuid() != 0 or done.returncode == 77:
        pytest.skip("mounting over /usr/local is not allowed here")
    assert done.returncode == 0, done.stderr
    taken = f"/usr/local/cuda-{newest}/bin/nvcc"
    assert json.loads(done.stdout) == [taken, taken]
