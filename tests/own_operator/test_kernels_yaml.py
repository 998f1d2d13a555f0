"""kernels.yaml: what it may say, and what whoever wrote it wrong hears."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import InventoryError
from orchestrator.store.kernels import reading
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.workflows.operator_choice import choose
from orchestrator.workflows.plan import Wish, plan
from remote_payload.contract.tools.toolchain import Toolchain
from remote_payload.contract.words import Stage
from tests.cli.conftest import Project
from tests.own_operator.conftest import GOOD

ENTRY = "operators:\n  mine:\n    file: op.py\n"
WRONG = {
    "nothing": ("", "kernels.yaml:1: the file is empty, expected a mapping with operators"),
    "a list": ("- a\n", "kernels.yaml:1: expected a mapping with the key operators, got a list"),
    "no operators": ("operators:\n", "kernels.yaml:1: operators: expected a mapping of operators"),
    "another key": (
        "operator:\n  mine: {file: op.py}\n",
        "kernels.yaml:1: operator: unknown key, expected one of operators",
    ),
    "no file": (
        "operators:\n  mine: {name: A}\n",
        "kernels.yaml:2: operators.mine.file: missing key, expected a Python file",
    ),
    "a file that is not there": (
        "operators:\n  mine:\n    file: lost.py\n",
        "kernels.yaml:3: operators.mine.file: no such file: ",
    ),
    "a file that is no Python": (
        "operators:\n  mine: {file: op.cu}\n",
        "kernels.yaml:2: operators.mine.file: expected the path of a Python file",
    ),
    "a misspelt key": (
        ENTRY + "    provider: {a: op.py:f}\n",
        "kernels.yaml:4: operators.mine.provider: unknown key, expected one of file, name",
    ),
    "a class of no name": (
        ENTRY + "    name: 'a b'\n",
        "kernels.yaml:4: operators.mine.name: expected the name of a class",
    ),
    "one of ours with a file": (
        "operators:\n  attention: {file: op.py}\n",
        "kernels.yaml:2: operators.attention.file: attention is an operator of ours",
    ),
    "a provider without a function": (
        ENTRY + "    providers: {a: op.py}\n",
        "kernels.yaml:4: operators.mine.providers.a: expected path.py:function",
    ),
    "a provider without a target": (
        ENTRY + "    providers: {a: {file: op.py}}\n",
        "kernels.yaml:4: operators.mine.providers.a.target: missing key",
    ),
    "a key of a provider that there is not": (
        ENTRY + "    providers: {a: {target: 'op.py:f', flag: -G}}\n",
        "kernels.yaml:4: operators.mine.providers.a.flag: unknown key, expected one of target, flags",
    ),
    "a flag that is not for a flag to say": (
        ENTRY
        + "    providers:\n      a:\n        target: op.py:f\n        flags: -lineinfo -o x\n",
        "kernels.yaml:7: operators.mine.providers.a.flags: -o is not taken",
    ),
    "a macro of no name": (
        ENTRY + "    providers: {a: {target: 'op.py:f', defines: 2=3}}\n",
        "operators.mine.providers.a.defines: defines: expected NAME or NAME=value, got '2=3'",
    ),
    "a compiler that is no path": (
        ENTRY + "    providers: {a: {target: 'op.py:f', host_compiler: g++}}\n",
        "operators.mine.providers.a.host_compiler: host_compiler: expected an absolute path",
    ),
    "neither yes nor no": (
        ENTRY + "    providers: {a: {target: 'op.py:f', destination_passing: perhaps}}\n",
        "operators.mine.providers.a.destination_passing: expected true or false",
    ),
    "flags in a list": (
        ENTRY + "    providers: {a: {target: 'op.py:f', flags: [-G]}}\n",
        "operators.mine.providers.a.flags: expected words with blanks between them",
    ),
    "two toolkits": (
        ENTRY + "    providers: {a: {target: 'op.py:f', cuda_home: [/a, /b]}}\n",
        "operators.mine.providers.a.cuda_home: expected a path",
    ),
    "a name twice": (ENTRY + "  mine:\n    file: op.py\n", "written twice, first in line 2"),
    "no YAML": ("operators: [\n", "not YAML"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told_with_line_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    text, expected = WRONG[wrong]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "op.py").write_text(GOOD)
    (tmp_path / "kernels.yaml").write_text(text)
    with pytest.raises(InventoryError) as raised:
        reading.find(tmp_path)
    assert expected in str(raised.value)
    assert raised.value.hint


def test_paths_start_from_the_file_and_it_is_found_from_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "op.py").write_text(GOOD)
    (tmp_path / "kernels.yaml").write_text(
        ENTRY
        + "    name: Row\n    providers:\n      a: op.py:f\n      b: {target: package.module:g}\n"
        "  attention:\n    providers: {c: op.py:h}\n"
    )
    entries = reading.find(tmp_path / "below").entries
    assert entries["mine"] == reading.Entry(
        "mine",
        tmp_path / "op.py",
        "Row",
        (
            UsersProvider("a", f"{tmp_path / 'op.py'}:f"),
            UsersProvider("b", "package.module:g"),
        ),
    )
    assert entries["attention"].providers == (UsersProvider("c", f"{tmp_path / 'op.py'}:h"),)


def test_a_file_of_the_same_name_is_in_nobodys_way_who_does_not_ask_for_it(
    project: Project,
) -> None:
    (project.root / "kernels.yaml").write_text("some other program's\n")
    outcome = project.orchestrator("check", "--heads", "8", "--dry-run")
    assert outcome.code == 0, outcome.err


def test_one_of_ours_takes_a_provider_of_kernels_yaml_by_name(project: Project) -> None:
    (project.root / "op.py").write_text("def h(q, k, v, causal, scale): return q\n")
    (project.root / "kernels.yaml").write_text(
        "operators:\n  attention:\n    providers: {c: op.py:h}\n"
    )
    choice = choose("attention", project.root, ("c", "sdpa"))
    wish = Wish((Stage.CHECK,), providers=("sdpa", "c"), entries=choice.providers)
    providers = plan(wish, project.root).request.providers
    assert [(one.name, one.target) for one in providers] == [
        ("sdpa", None),
        ("c", "providers/c/op.py:h"),
    ]
    outcome = project.orchestrator("check", "--providers", "sdpa,d", "--dry-run")
    assert outcome.code == 2
    assert "unknown provider 'd'; attention has sdpa, " in outcome.err


def test_what_is_said_of_a_providers_compiling_goes_with_it_and_the_commands_words_come_last(
    project: Project,
) -> None:
    (project.root / "parts").mkdir()
    (project.root / "op.cu").write_text('#include "part.cuh"\n')
    (project.root / "parts" / "part.cuh").write_text("")
    (project.root / "kernels.yaml").write_text(
        "operators:\n  attention:\n    providers:\n      c:\n        target: op.cu:h\n"
        "        flags: -lineinfo -maxrregcount=64\n        include: parts /opt/there/include\n"
        "        defines: TILE=64 FAST\n        host_compiler: /usr/bin/g++-12\n"
        "        cuda_home: /usr/local/cuda-12.4\n        destination_passing: true\n"
    )
    choice = choose("attention", project.root, ("c",))
    wish = Wish(
        (Stage.CHECK,),
        providers=("c",),
        entries=choice.providers,
        nvcc_flags=("-maxrregcount=32",),
    )
    planned = plan(wish, project.root)
    (provider,) = planned.request.providers
    assert provider.toolchain == Toolchain(
        ("-lineinfo", "-maxrregcount=64", "-maxrregcount=32"),
        ("providers/c/parts", "/opt/there/include"),
        ("TILE=64", "FAST"),
        "/usr/bin/g++-12",
        "/usr/local/cuda-12.4",
    )
    assert provider.destination_passing is True
    assert "providers/c/parts" in dict(planned.extra)
