"""Ten lines compiled, linked and loaded: the real nvcc, and each part of its toolkit missing."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.doctor.diagnosis_compile import sentence
from orchestrator.doctor.finding import Case, Level
from orchestrator.transport import agent
from orchestrator.transport.connect import Trust, connect
from orchestrator.values.host import Host
from orchestrator.values.host_facts import Facts, Toolkit
from orchestrator.workflows.compile_probe import compile_ten_lines
from tests import toolkit
from tests.disks import mounted
from tests.ssh.server import SshServer
from tests.workflows.conftest import REACH, SYSTEM, Tried, left_in, line, look, probe

pytestmark = pytest.mark.skipif(not toolkit.is_here(), reason=toolkit.WITHOUT)


def test_a_whole_toolkit_compiles_links_and_loads_and_is_not_tried_twice(
    warm: Tried, kit: Path
) -> None:
    seen = warm.seen
    assert (seen.state, seen.remembered) == ("ok", False)
    assert "g++" in seen.compiler
    assert warm.told == ["compiling ten lines with nvcc 13.0 on here (at most 60 s)"]
    again, told = probe(warm.host, kit, PATH=warm.path)
    assert (again.state, again.remembered, again.compiler) == ("ok", True, seen.compiler)
    assert told == []
    workspace = warm.host.workspace
    assert left_in(workspace) == ["doctor"]
    assert [path.name for path in Path(workspace, "doctor").iterdir()] == ["compiled.json"]


@pytest.mark.parametrize(
    ("part", "state", "words"),
    [
        ("include/cuda_runtime.h", "compile", "cuda_runtime.h: No such file or directory"),
        ("bin/ptxas", "compile", "ptxas: not found"),
        ("nvvm/bin/cicc", "compile", "cicc: not found"),
        ("bin/cudafe++", "compile", "cudafe++: not found"),
        ("bin/fatbinary", "compile", "fatbinary: not found"),
        ("bin/nvlink", "link", "nvlink: not found"),
        ("lib/libcudart_static.a", "link", "cannot find -lcudart_static"),
        ("lib/libcudadevrt.a", "link", "cannot find -lcudadevrt"),
    ],
)
def test_a_toolkit_that_lacks_a_part_is_told_by_the_sentence_of_whoever_missed_it(
    warm: Tried, kit: Path, part: str, state: str, words: str
) -> None:
    with toolkit.without(kit, part):
        seen, _ = probe(warm.host, kit, PATH=warm.path)
    assert seen.state == state
    assert words in sentence(seen.said)


def test_a_part_that_was_replaced_is_tried_anew(warm: Tried, kit: Path) -> None:
    with toolkit.without(kit, "bin/ptxas"):
        other = toolkit.program(
            kit / "bin" / "ptxas", "echo 'ptxas fatal : no such target'; exit 3"
        )
        seen, _ = probe(warm.host, kit, PATH=warm.path)
        other.unlink()
    assert (seen.state, seen.remembered) == ("compile", False)
    assert sentence(seen.said) == "ptxas fatal : no such target"
    # What went well before was no answer, and is one again.
    assert probe(warm.host, kit, PATH=warm.path)[0].remembered


def test_a_part_that_another_toolkit_on_path_would_lend_is_named(
    here: Host, kit: Path, lean: str
) -> None:
    with toolkit.without(kit, "bin/ptxas"):
        seen, _ = probe(here, kit, PATH=f"{lean}:{toolkit.REAL}/bin")
    assert seen.state == "mixed"
    assert seen.said == f"{kit} lacks ptxas: builds would take {toolkit.REAL}/bin/ptxas"


def test_a_distributions_way_to_lay_a_toolkit_out_is_no_mixture(
    here: Host, kit: Path, tmp_path: Path
) -> None:
    """Debian's nvcc is a script in /usr/bin, beside ptxas; what it calls lies elsewhere."""
    nvcc = toolkit.program(tmp_path / "usr" / "bin" / "nvcc", f'exec {kit}/bin/nvcc "$@"')
    (nvcc.parent / "ptxas").symlink_to(toolkit.REAL / "bin" / "ptxas")
    with toolkit.without(kit, "bin/ptxas"):
        seen, _ = probe(here, tmp_path / "usr", PATH=f"{nvcc.parent}:{SYSTEM}")
    assert seen.state == "ok"


@contextmanager
def host_compiler(folder: Path, flags: str, behind: str) -> Iterator[str]:
    """A PATH whose gcc and g++ are this machine's, with other flags."""
    for name in ("gcc", "g++"):
        toolkit.program(folder / name, f'exec {shutil.which(name)} {flags} "$@"')
    yield f"{folder}:{behind}"


def test_a_host_compiler_that_is_too_new_is_told_with_one_that_does(
    here: Host, kit: Path, lean: str, tmp_path: Path
) -> None:
    with host_compiler(tmp_path / "new", "-U__GNUC__ -D__GNUC__=99", lean) as path:
        older = toolkit.program(tmp_path / "new" / "g++-12", f'exec {shutil.which("g++")} "$@"')
        seen, _ = probe(here, kit, PATH=path)
        assert seen.state == "compile"
        assert "unsupported GNU version! gcc versions later than" in sentence(seen.said)
        assert seen.instead == (("NVCC_CCBIN", str(older)),)
        # The mend does what it says.
        assert probe(here, kit, PATH=path, NVCC_CCBIN=str(older))[0].state == "ok"


def test_a_host_compiler_that_is_not_there_is_told(here: Host, kit: Path, tmp_path: Path) -> None:
    for name in ("sh", "rm"):
        (tmp_path / name).symlink_to(f"/bin/{name}")
    seen, _ = probe(here, kit, PATH=str(tmp_path))
    assert seen.state == "compile"
    assert sentence(seen.said) == "gcc: No such file or directory"


def test_another_compiler_is_another_question(
    here: Host, kit: Path, lean: str, tmp_path: Path
) -> None:
    with host_compiler(tmp_path / "bin", "", lean) as path:
        assert not probe(here, kit, PATH=path)[0].remembered
        assert probe(here, kit, PATH=path)[0].remembered
    with host_compiler(tmp_path / "bin", "-U__GNUC__ -D__GNUC__=99", lean) as path:
        assert probe(here, kit, PATH=path)[0].state == "compile"
    seen, _ = probe(here, kit, NVCC_APPEND_FLAGS="--no-such-flag")
    assert (seen.state, seen.remembered) == ("compile", False)
    assert "no-such-flag" in sentence(seen.said)


def test_a_library_for_another_machine_links_and_cannot_be_loaded(
    here: Host, kit: Path, lean: str, tmp_path: Path
) -> None:
    """The last word of a link is the linker's; this one marks its output as AArch64's."""
    script = f"""{shutil.which("g++")} "$@" || exit
previous=
for word; do
  [ "$previous" = -o ] && out=$word
  previous=$word
done
case "$out" in *.so) printf '\\267' | dd of="$out" bs=1 seek=18 conv=notrunc 2>/dev/null ;; esac"""
    toolkit.program(tmp_path / "other" / "g++", script)
    seen, _ = probe(here, kit, PATH=f"{tmp_path}/other:{lean}")
    assert seen.state == "load"
    assert "libten.so" in sentence(seen.said)


@pytest.mark.parametrize("part", ["", "builds"])
def test_a_workspace_mounted_noexec_is_told_with_the_loaders_words(
    here: Host, kit: Path, tmp_path: Path, part: str
) -> None:
    workspace = tmp_path / "noexec"
    target = workspace / part
    target.mkdir(parents=True)
    with mounted(target, "noexec"):
        seen, _ = probe(replace(here, workspace=str(workspace)), kit)
    assert seen.state == "load"
    assert "failed to map segment" in sentence(seen.said)


def test_a_probe_that_is_ended_costs_nothing_else_that_was_seen(here: Host, tmp_path: Path) -> None:
    """As where memory runs out: our program is killed, and with it what it would have said."""
    tells = """case "$*" in *--version*|*--list*) echo 'release 13.0, V13.0.1' ;; *)"""
    toolkit.program(tmp_path / "kit" / "bin" / "nvcc", f"{tells} kill -9 $PPID ;; esac")
    env = (("PATH", f"{tmp_path}/kit/bin:/usr/bin:/bin"), ("CUDA_HOME", ""), ("CUDA_PATH", ""))
    found = look(replace(here, env=env))
    assert line(found, "nvcc").level is Level.OK
    ended = line(found, "compile")
    assert ended.level is Level.WARN
    assert ended.found.startswith("not tried: the connection to here (this machine) ended")


def test_a_workspace_that_does_not_answer_is_not_waited_for_again(here: Host, kit: Path) -> None:
    silent = Facts(
        toolkits=(Toolkit(f"{kit}/bin/nvcc", "13.0", False, True),), silent=("workspace",)
    )
    with connect(here, Trust(Path(here.workspace).parent / "known_hosts")) as transport:
        seen = compile_ten_lines(transport, Case(here, REACH, silent), pytest.fail)
    assert seen is not None
    assert (seen.state, seen.said) == ("place", "the workspace does not answer")


HANGS = """case "$*" in
  *--version*) echo 'release 13.0, V13.0.1'; exit ;;
esac
echo $$ > {book}
sleep 60 & wait"""


def test_a_compiler_that_hangs_is_ended_with_all_it_started_and_is_not_ok(
    here: Host, tmp_path: Path
) -> None:
    book = tmp_path / "pid"
    toolkit.program(tmp_path / "kit" / "bin" / "nvcc", HANGS.format(book=book))
    seen, _ = probe(here, tmp_path / "kit", limit_s=1.0)
    assert (seen.state, seen.said) == ("time", "compile")
    assert group_of(book) == []
    assert left_in(here.workspace) == []


def test_whoever_leaves_in_the_middle_leaves_nothing_behind(here: Host, tmp_path: Path) -> None:
    book = tmp_path / "pid"
    nvcc = toolkit.program(tmp_path / "kit" / "bin" / "nvcc", HANGS.format(book=book))
    question = {"env": {}, "nvcc": str(nvcc), "arch": "", "others": [], "limit_s": 60}
    with (
        connect(here, Trust(tmp_path / "known_hosts")) as transport,
        agent.open_agent(transport, "compile", here.workspace) as session,
    ):
        session.send_json(question)
        assert session.receive_json(10.0) == {"trying": str(nvcc)}
        until(book.exists)
    until(lambda: not left_in(here.workspace) and not group_of(book))


def group_of(book: Path) -> list[str]:
    """Processes of the group whose leader wrote its id there."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True).stdout
    rows = [row.split() for row in listed.splitlines()]
    return [row[0] for row in rows if row[0] == book.read_text().strip() and row[1][0] != "Z"]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5.0
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_workspace_that_is_not_there_is_not_made(here: Host, kit: Path, tmp_path: Path) -> None:
    host = replace(here, workspace=str(tmp_path / "home" / "never" / "made"))
    (tmp_path / "home").mkdir()
    assert probe(host, kit)[0].state == "ok"
    assert left_in(str(tmp_path / "home")) == []


def test_doctor_names_a_part_that_is_missing_and_a_toolkit_that_is_whole(
    sshd: SshServer, kit: Path, tmp_path: Path
) -> None:
    """Over SSH, and with the mend carried out."""
    host = replace(sshd.host(), workspace=str(tmp_path), cuda_home=str(kit))
    host = replace(host, env=(("PATH", SYSTEM), ("CUDA_HOME", str(kit))))
    with toolkit.without(kit, "include/cuda_runtime.h"):
        broken = line(look(host), "compile")
    assert broken.level is Level.WARN  # no GPU here: nothing is built for it
    assert broken.found.startswith("ten lines do not compile: ")
    assert "cuda_runtime.h: No such file" in broken.found
    offered = Path("/usr/local/cuda")
    if offered.resolve() == toolkit.REAL:
        where = f"for {host.name} in the inventory"
        assert broken.mend == f"set `cuda_home: {offered}` {where}: with it they do"
        env = (("PATH", SYSTEM), ("CUDA_HOME", str(offered)))
        mended = look(replace(host, cuda_home=str(offered), env=env))
        assert line(mended, "compile").level is Level.OK
