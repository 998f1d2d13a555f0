"""A user's file hides nothing, and finds the files beside it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from remote_payload.operators import provider_file
from tests.ncu.places import SAMPLES, needs_samples

ROOT = Path(__file__).parents[2]


def laid_out(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def said(folder: Path, code: str, *installed: Path) -> str:
    """What `code` prints in a process of its own, in which `at("x.py")` loads a file of folder."""
    head = (
        "import sys\nfrom pathlib import Path\nfrom remote_payload.operators import provider_file\n"
        f"sys.path[:0] = {[str(one) for one in installed]}\n"
        f"at = lambda name: provider_file.load(Path({str(folder)!r}, name), Path({str(ROOT)!r}))\n"
    )
    words = [sys.executable, "-c", head + code]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_file_called_like_an_installed_package_does_not_hide_it(tmp_path: Path) -> None:
    installed = laid_out(tmp_path / "site", {"flash_attn/__init__.py": "func = 'the real one'"})
    mine = {
        "flash_attn.py": "from flash_attn import func\ndef attention(): return func",
        "other.py": "import flash_attn\ndef attention(): return flash_attn.func",
    }
    folder = laid_out(tmp_path / "mine", mine)
    code = "print(at('flash_attn.py').attention(), at('other.py').attention(), sep=', ')\n"
    code += "import flash_attn; print(flash_attn.func)"
    assert said(folder, code, installed) == "the real one, the real one\nthe real one"


def test_without_the_real_package_the_file_does_not_stand_in_for_it(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, {"flash_attn.py": "from flash_attn import func"})
    code = "try: at('flash_attn.py')\nexcept ModuleNotFoundError as error: print(error)"
    assert said(folder, code) == "No module named 'flash_attn'"


def test_two_folders_with_a_file_of_the_same_name_each_see_their_own(tmp_path: Path) -> None:
    late = "import tuning\ndef early(): return tuning.EXTRA\ndef late():\n  import tuning as t\n  return t.EXTRA"
    files = {f"v{n}/attn.py": late for n in (1, 2)}
    files |= {f"v{n}/tuning.py": f"EXTRA = {n}" for n in (1, 2)}
    folder = laid_out(tmp_path, files)
    code = "one, two = at('v1/attn.py'), at('v2/attn.py')\n"
    code += "print(one.early(), two.early(), one.late(), two.late(), 'tuning' in sys.modules)"
    assert said(folder, code) == "1 2 1 2 False"


def test_neighbours_may_be_packages_and_import_each_other(tmp_path: Path) -> None:
    files = {
        "attn.py": "import parts.inner\nfrom parts import inner as again, deep\nfrom . import late\nimport base as b\n"
        "x = (parts.inner.Y, again.Y, deep.Z, late.W, b.B)",
        "parts/__init__.py": "",
        "parts/inner.py": "from .deep import Z\nimport base\nY = Z + base.B",
        "parts/deep.py": "Z = 10",
        "base.py": "B = 5",
        "late.py": "W = 1",
    }
    assert said(laid_out(tmp_path, files), "print(at('attn.py').x)") == "(15, 15, 10, 1, 5)"


def test_a_neighbour_called_like_a_module_of_python_breaks_nobodys_import(tmp_path: Path) -> None:
    files = {
        "attn.py": "import random, json\nx = random.random() < 1",
        "random.py": "raise OSError",
    }
    code = "print(at('attn.py').x); import tempfile, json; print(tempfile.gettempprefix(), "
    code += f"{str(tmp_path)!r} in sys.path)"
    assert said(laid_out(tmp_path, files), code) == "True\ntmp False"


def test_a_neighbour_called_like_a_module_of_ours_is_the_neighbour(tmp_path: Path) -> None:
    """The payload's folder is on the path, for the package blackwell_sparsek."""
    folder = laid_out(
        tmp_path, {"attn.py": "import machine\nx = machine.MINE", "machine.py": "MINE = 7"}
    )
    code = f"sys.path.append({str(ROOT / 'remote_payload')!r})\nprint(at('attn.py').x)"
    assert said(folder, code) == "7"


@pytest.mark.parametrize("name", ["my-kernel.py", "attn.v2.py"])
def test_a_file_may_be_called_anything(tmp_path: Path, name: str) -> None:
    assert said(laid_out(tmp_path, {name: "x = 3"}), f"print(at({name!r}).x)") == "3"


def test_a_file_that_breaks_says_so_again_when_asked_again(tmp_path: Path) -> None:
    folder = laid_out(tmp_path, {"attn.py": "import tuning", "tuning.py": "1 / 0"})
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            provider_file.load(folder / "attn.py", ROOT)


@needs_samples
def test_the_sample_beside_its_tuning_is_loaded() -> None:
    folder = SAMPLES / "failing" / "providers" / "v1"
    if not folder.is_dir():
        pytest.skip("no such sample beside this checkout")
    assert callable(provider_file.load(folder / "attn.py", ROOT).attention)
