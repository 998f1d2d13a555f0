"""The receiving agent against a near end that lies: it trusts nobody with its disk."""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import LinkLost
from orchestrator.transport.agent import open_agent
from tests.workflows.syncing import held, local, published

SHA_OF_A = hashlib.sha256(b"A").hexdigest()
FILE = ["csrc/a.cu", "f", 1, SHA_OF_A]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


def _raw_deflate(data: bytes) -> bytes:
    pack = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return pack.compress(data) + pack.flush()


def _converse(
    workspace: Path,
    rows: list[Any],
    *,
    send: list[str] | None = None,
    data: bytes = b"A",
    **over: Any,
) -> Any:
    """Speak to the receiving agent as a client of any intent; return its last answer."""
    text = json.dumps(sorted(rows), separators=(",", ":"))
    digest = over.pop("digest", hashlib.sha256(text.encode()).hexdigest())
    with open_agent(local(workspace), "receive", str(workspace), digest, "5") as session:
        assert session.receive_json()["status"] == "wanted"
        session.send_json(
            {"set": rows, "drop": [], "send": [FILE[0]] if send is None else send} | over
        )
        try:
            session.send(b"D", _raw_deflate(data))
            session.send(b"Z")
        except LinkLost:
            pass  # it may have hung up already; its answer is still there
        return session.receive_json()


def test_an_honest_conversation_is_accepted(workspace: Path) -> None:
    assert _converse(workspace, [FILE])["status"] == "done"
    assert list(map(held, (workspace / "snapshots").glob("[0-9a-f]*[0-9a-f]"))) == [
        {"csrc/a.cu": "A"}
    ]


@pytest.mark.parametrize(
    "path", ["/etc/evil", "../evil", "csrc/../../evil", "csrc//x", "./x", "", "a\0b"]
)
def test_the_far_end_refuses_paths_that_leave_the_snapshot(workspace: Path, path: str) -> None:
    answer = _converse(workspace, [[path, "f", 1, SHA_OF_A]], send=[path])
    assert answer["status"] == "failed"
    assert "not a path inside the snapshot" in answer["text"]
    assert published(workspace) == set()


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("link", "/etc"),
        ("link", ".."),
        ("a/link", "../../x"),
        ("a/link", "b/../../../x"),
        ("a/link", "l/../x"),
    ],
)
def test_the_far_end_refuses_links_that_leave_the_snapshot(
    workspace: Path, path: str, target: str
) -> None:
    answer = _converse(workspace, [[path, "l", 0, target]], send=[], data=b"")
    assert "leads out of the snapshot" in answer["text"]
    assert published(workspace) == set()


def test_the_far_end_refuses_to_write_through_a_link(workspace: Path, tmp_path: Path) -> None:
    rows = [["csrc", "l", 0, "remote_payload"], FILE]
    assert "lies below a file" in _converse(workspace, rows)["text"]


def test_the_far_end_refuses_unknown_kinds_and_sizes(workspace: Path) -> None:
    assert _converse(workspace, [["fifo", "p", 0, ""]], send=[])["status"] == "failed"
    assert _converse(workspace, [["x", "f", -1, SHA_OF_A]], send=["x"])["status"] == "failed"
    assert _converse(workspace, [["x", "f", "1", SHA_OF_A]], send=["x"])["status"] == "failed"


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"B", "arrived damaged"), (b"", "too few bytes"), (b"AA", "too many bytes")],
)
def test_the_far_end_publishes_nothing_but_what_was_announced(
    workspace: Path, data: bytes, words: str
) -> None:
    assert words in _converse(workspace, [FILE], data=data)["text"]
    assert published(workspace) == set()


def test_the_far_end_refuses_a_manifest_with_another_digest(workspace: Path) -> None:
    assert "not the announced one" in _converse(workspace, [FILE], digest="0" * 64)["text"]


def test_the_far_end_refuses_a_file_that_is_neither_there_nor_sent(workspace: Path) -> None:
    assert "neither here nor sent" in _converse(workspace, [FILE], send=[], data=b"")["text"]


def test_the_far_end_refuses_a_digest_that_is_a_path(workspace: Path) -> None:
    with open_agent(local(workspace), "receive", str(workspace), "../../evil", "5") as session:
        assert session.receive_json()["status"] == "failed"
