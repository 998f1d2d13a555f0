"""The payload runs on a bare pod: Python 3.9, the standard library, torch, and itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from remote_payload.contract import codec
from tests.payload.running import ROOT, a_request, environment

FILES = sorted((ROOT / "remote_payload").rglob("*.py"))
ALLOWED = {*sys.stdlib_module_names, "torch", "remote_payload", "blackwell_sparsek"}
NEWER_THAN_3_9 = {"tomllib"}
IDS = [str(path.relative_to(ROOT)) for path in FILES]


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def unions_in_annotations(tree: ast.AST) -> Iterator[ast.BinOp]:
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            for part in ast.walk(getattr(node, name, None) or ast.Pass()):
                if isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr):
                    yield part


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_payload_file_is_python_3_9_and_imports_only_what_a_bare_pod_has(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 9))
    assert set(imported(tree)) <= ALLOWED - NEWER_THAN_3_9


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_no_annotation_or_call_in_the_payload_needs_a_newer_python(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword):
            assert node.arg not in ("slots", "kw_only"), f"line {node.value.lineno}"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "zip":
            assert not node.keywords, f"zip(strict=...) in line {node.lineno}"
    lazy = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "__future__"
        and any(alias.name == "annotations" for alias in node.names)
        for node in tree.body
    )
    # The codec evaluates the contract's annotations, so being lazy does not help there.
    if not lazy or path.name == "contract.py":
        assert not [ast.unparse(union) for union in unions_in_annotations(tree)]


def test_the_parent_process_of_a_run_never_imports_torch(tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(codec.dumps(a_request()))
    code = (
        "import sys; from remote_payload.__main__ import main; status = main(sys.argv[1:]);"
        "sys.exit(status or 'torch' in sys.modules)"
    )
    paths = [str(tmp_path / name) for name in ("request.json", "result.json")]
    done = subprocess.run(
        [sys.executable, "-c", code, *paths, "--builds", str(tmp_path / "builds")],
        cwd=ROOT,
        env=environment(tmp_path),
        check=False,
    )
    assert done.returncode == 0
