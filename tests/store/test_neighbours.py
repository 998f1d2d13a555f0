"""What a provider's file imports from beside itself travels with it; nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.sync.neighbours import neighbours
from orchestrator.sync.sources import scan
from orchestrator.workflows.plan import Wish, plan
from remote_payload.contract.words import Stage
from tests.store.test_input_places import open_place

__all__ = ["open_place"]


def laid_out(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_what_is_imported_from_beside_is_found_through_each_other(tmp_path: Path) -> None:
    files = {
        "attn.py": "import torch, tuning\ndef f():\n  from parts.inner import x\nimport random",
        "tuning.py": "from . import deeper\nimport attn",
        "deeper.py": "",
        "parts/inner.py": "import base",
        "base.py": "broken python is named all the same (",
        "random.py": "",
        "secret_notes.py": "",
    }
    folder = laid_out(tmp_path, files)
    found = neighbours(folder / "attn.py")
    assert {path.name for path in found} == {"tuning.py", "deeper.py", "parts", "base.py"}


def test_a_file_without_neighbours_or_without_python_has_none(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, {"a.py": "import torch", "b.py": "import (", "torch.txt": ""})
    assert neighbours(folder / "a.py") == neighbours(folder / "b.py") == ()


@pytest.mark.parametrize(
    "words",
    ["+".join(["1"] * 20_000), "-" * 100_000 + "1", "x" + ".a" * 100_000, "[" * 5_000, "1\0"],
    ids=["a sum", "signs", "attributes", "brackets", "a NUL"],
)
def test_a_text_that_cannot_be_parsed_has_no_neighbours_and_is_no_fault_of_ours(
    tmp_path: Path, words: str
) -> None:
    """On the host, too, Python gives up at most of these."""
    folder = laid_out(tmp_path, {"k.py": f"import other, k\nx = {words}\n", "other.py": ""})
    laid_out(tmp_path, {"user.py": "import k"})
    assert neighbours(folder / "k.py") == ()
    assert neighbours(folder / "user.py") == (folder / "k.py",)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "is not a regular file"),
        (lambda place: place.symlink_to("gone"), "is a link to nothing"),
        (lambda place: place.symlink_to(place.name), "is a link to nothing"),
    ],
)
@pytest.mark.parametrize("name", ["helpers.py", "helpers.so", "helpers/__init__.py"])
def test_what_stands_in_the_place_of_a_neighbour_is_told(
    tmp_path: Path, make: Callable[[Path], None], reason: str, name: str
) -> None:
    folder = laid_out(tmp_path, {"k.py": "import helpers", "helpers/more.py": ""})
    make(folder / name)
    extra = [(str(place.relative_to(folder)), place) for place in neighbours(folder / "k.py")]
    skipped = {item.path: item for item in scan(tmp_path, parts=(), extra=extra).skipped}
    assert skipped[name].reason == reason
    assert not skipped[name].usual


def test_a_folder_with_the_name_of_a_module_is_no_neighbour(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, {"k.py": "import helpers, data", "helpers.py/x": "", "data/x": ""})
    assert neighbours(folder / "k.py") == ()


def test_a_name_longer_than_any_file_may_have_is_no_neighbour(tmp_path: Path) -> None:
    words = f"try:\n  import {'a' * 300}, b.{'a' * 300}\nexcept ImportError:\n  pass"
    folder = laid_out(tmp_path, {"k.py": words, "b/c.py": ""})
    assert [path.name for path in neighbours(folder / "k.py")] == ["b"]


ASKS = """
import os, sys
from pathlib import Path
from orchestrator.errors import UsageError
from orchestrator.sync.neighbours import neighbours
from orchestrator.sync.sources import scan
if os.geteuid() == 0:
    os.setuid(65534)
folder = Path(sys.argv[1])
try:
    scan(folder, parts=(), extra=[(one.name, one) for one in neighbours(folder / "k.py")])
except UsageError as error:
    print(error.message, "|", error.hint)
"""


@pytest.mark.parametrize("mode", [0, 0o100, 0o400])
def test_a_folder_that_may_not_be_looked_into_is_named_where_it_is_imported(
    open_place: Path, mode: int
) -> None:
    """As a user whom modes hold back: root may read everything."""
    folder = laid_out(open_place, {"k.py": "from helpers import x", "helpers/x.py": ""})
    (folder / "helpers").chmod(mode)
    words = [sys.executable, "-c", ASKS, str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    (folder / "helpers").chmod(0o755)
    assert done.stdout.startswith(f"cannot read the folder {folder}/helpers: "), done.stderr
    assert "make it readable" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        "import helpers.sub.mod",
        "from helpers.sub import mod",
        "from helpers.sub.mod import f",
        "from helpers.sub.mod import *",
        "import helpers.pack.deep",
        "from helpers import pack",
        "import helpers.fast",
    ],
)
def test_a_namespace_package_that_holds_modules_only_further_down_is_one(
    tmp_path: Path, words: str
) -> None:
    files = {
        "k.py": words,
        "helpers/sub/mod.py": "import tuning",
        "helpers/pack/__init__.py": "",
        "helpers/fast.cpython-312-x86_64-linux-gnu.so": "",
        "tuning.py": "",
    }
    folder = laid_out(tmp_path, files)
    assert {path.name for path in neighbours(folder / "k.py")} == {"helpers", "tuning.py"}


def test_the_checkout_of_what_is_installed_is_no_neighbour(tmp_path: Path) -> None:
    """Python prefers the installed package to a folder without __init__.py."""
    folder = laid_out(tmp_path, {"k.py": "import triton.language", "triton/python/triton/x.py": ""})
    assert neighbours(folder / "k.py") == ()


def test_compiled_modules_travel_for_whichever_python_the_host_has(tmp_path: Path) -> None:
    compiled = ("native.cpython-311-x86_64-linux-gnu.so", "native.abi3.so", "native.so")
    files = dict.fromkeys((*compiled, "native.py", "natives.so", "nativeso"), "")
    folder = laid_out(tmp_path, {"k.py": "from native import f", **files})
    assert {path.name for path in neighbours(folder / "k.py")} == {*compiled, "native.py"}


def test_two_providers_with_neighbours_of_one_name_travel_side_by_side(tmp_path: Path) -> None:
    files = {f"v{n}/{name}": "import tuning" for n in (1, 2) for name in ("attn.py", "tuning.py")}
    laid_out(tmp_path, files)
    stages = (Stage.BUILD, Stage.CHECK)
    wish = Wish(
        stages,
        user_providers=(UsersProvider("a", "v1/attn.py:f"), UsersProvider("b", "v2/attn.py:f")),
    )
    planned = plan(wish, tmp_path)
    assert planned.extra == tuple(
        (f"providers/{name}/{file}", tmp_path / folder / file)
        for name, folder in (("a", "v1"), ("b", "v2"))
        for file in ("attn.py", "tuning.py")
    )
    targets = [one.target for one in planned.request.providers if one.target]
    assert targets == ["providers/a/attn.py:f", "providers/b/attn.py:f"]
