"""What a provider's file imports from beside itself travels with it; nothing else does."""

from __future__ import annotations

from pathlib import Path

from orchestrator.store.neighbours import neighbours
from orchestrator.workflows.plan import Wish, plan
from remote_payload.contract import Stage


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


def test_two_providers_with_neighbours_of_one_name_travel_side_by_side(tmp_path: Path) -> None:
    files = {f"v{n}/{name}": "import tuning" for n in (1, 2) for name in ("attn.py", "tuning.py")}
    laid_out(tmp_path, files)
    stages = (Stage.BUILD, Stage.CHECK)
    wish = Wish(stages, user_providers=(("a", "v1/attn.py:f"), ("b", "v2/attn.py:f")))
    planned = plan(wish, tmp_path)
    assert planned.extra == tuple(
        (f"providers/{name}/{file}", tmp_path / folder / file)
        for name, folder in (("a", "v1"), ("b", "v2"))
        for file in ("attn.py", "tuning.py")
    )
    targets = [one.target for one in planned.request.providers if one.target]
    assert targets == ["providers/a/attn.py:f", "providers/b/attn.py:f"]
