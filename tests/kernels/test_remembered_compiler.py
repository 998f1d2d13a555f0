"""A process that lives on asks a compiler once, for as long as it is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from remote_payload.compiling import compiler
from remote_payload.machine.toolkit import Toolkit
from tests.toolkit import program

SAYS = """echo "$@" >> {told}
case "$1" in
    --version) echo "release 13.0, V13.0.88" ;;
    *) echo "#$ TOP={top}"; echo '#$ cc -E x' ;;
esac"""


@pytest.fixture
def nvcc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(compiler, "_remembers", True)
    monkeypatch.setattr(compiler, "_REMEMBERED", {})
    for variable in compiler.OF_NVCC:
        monkeypatch.delenv(variable, raising=False)
    top = tmp_path / "cuda"
    program(top / "bin" / "ptxas", "true")
    return program(top / "bin" / "nvcc", SAYS.format(told=tmp_path / "told", top=top))


def asked(nvcc: Path, root: Path) -> list[str]:
    """What it is asked when sources below `root` are compiled."""
    told = nvcc.parents[2] / "told"
    told.unlink(missing_ok=True)
    root.mkdir(exist_ok=True)
    found, said, problem = compiler.known(Toolkit(str(nvcc), "a test"), root)
    assert found is not None, problem
    assert "13.0" in said
    assert found.recipe(("-O3",), ("x.cu",))
    return told.read_text().splitlines() if told.exists() else []


def test_that_it_is_asked_once_for_all_sources(nvcc: Path, tmp_path: Path) -> None:
    assert len(asked(nvcc, tmp_path / "one")) == 2  # its version, and what it would do
    assert asked(nvcc, tmp_path / "two") == []


@pytest.mark.parametrize("part", ["nvcc", "ptxas"])
def test_that_it_is_asked_again_once_a_part_of_it_was_replaced(
    nvcc: Path, tmp_path: Path, part: str
) -> None:
    asked(nvcc, tmp_path / "one")
    other = nvcc.with_name(part)
    other.write_text(other.read_text() + "# newer\n")
    assert len(asked(nvcc, tmp_path / "one")) == 2


def test_that_it_is_asked_again_once_it_would_start_another_host_compiler(
    nvcc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that did not lie there before, in a folder that is looked into first."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'first'}:{tmp_path / 'second'}:/usr/bin:/bin")
    for folder in ("second", "first"):
        program(tmp_path / folder / "cc", f"echo {folder}")
        assert len(asked(nvcc, tmp_path / "one")) == 2
        found, _, _ = compiler.known(Toolkit(str(nvcc), "a test"), tmp_path / "one")
        assert found is not None
        host = found.host_compiler(("-O3",))
        assert host is not None
        assert host.words == f"{tmp_path / folder / 'cc'}, {folder}"


def test_that_it_is_asked_each_time_where_its_options_are_in_a_file(
    nvcc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVCC_APPEND_FLAGS", "-optf options")
    for _ in range(2):
        assert len(asked(nvcc, tmp_path / "one")) == 2
