"""The text of an agent as it travels: without comments and docstrings, and with all of the rest."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from orchestrator.transport.agent import _carried

PAYLOAD = Path(__file__).parents[2] / "remote_payload"
TEXTS = (*sorted((PAYLOAD / "agent").glob("*.py")), PAYLOAD / "processes" / "snapshot.py")


class _WithoutDocstrings(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else node


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_that_what_travels_is_the_same_program_without_words_for_readers(path: Path) -> None:
    text = path.read_text("utf-8")
    carried = _carried(text)
    meant = _WithoutDocstrings().visit(ast.parse(text))
    assert ast.dump(ast.parse(carried)) == ast.dump(meant)
    assert not [line for line in carried.splitlines() if line.lstrip().startswith("#")]
