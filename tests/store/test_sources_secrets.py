"""Secrets stay at home, whoever named or tracked them."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.sync import sources
from tests.store.trees import Tree, git, paths, reasons

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"  # no key: a first line is enough


@pytest.mark.parametrize(
    "name",
    [".env", ".env.local", ".ENVRC", "server.pem", "id_rsa", "id_ed25519", ".netrc", "win.ppk"],
)
def test_a_file_named_like_a_secret_stays_at_home(tree: Tree, name: str) -> None:
    scan = sources.scan(tree({f"csrc/{name}": "anything"}))
    assert reasons(scan) == {f"csrc/{name}": "has the name of a secret"}
    assert paths(scan) == ["csrc/a.cu", "remote_payload/b.py"]


@pytest.mark.parametrize("kind", ["OPENSSH ", "RSA ", "EC ", "ENCRYPTED ", ""])
def test_a_private_key_is_known_by_what_it_holds(tree: Tree, kind: str) -> None:
    text = f"notes\n-----BEGIN {kind}PRIVATE KEY-----\nAAAA\n"
    scan = sources.scan(tree({"csrc/notes.txt": text}))
    assert reasons(scan) == {"csrc/notes.txt": "holds a private key"}


def test_a_tracked_private_key_stays_at_home_too(plain: Tree) -> None:
    root = plain({"csrc/deploy": KEY})
    git(root, "init", "-q")
    git(root, "add", "-A")
    assert reasons(sources.scan(root)) == {"csrc/deploy": "holds a private key"}


def test_a_private_key_across_two_reads_is_found(tree: Tree) -> None:
    scan = sources.scan(tree({"csrc/big": "x" * ((1 << 20) - 20) + KEY}))
    assert reasons(scan) == {"csrc/big": "holds a private key"}


def test_a_public_key_and_a_mention_of_private_keys_travel(tree: Tree) -> None:
    root = tree(
        {"csrc/id_rsa.pub": "ssh-rsa AAAA", "csrc/doc.md": "never commit a PRIVATE KEY-----"}
    )
    assert not sources.scan(root).skipped


def test_a_named_secret_stays_at_home_all_the_same(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(f'KEY = """{KEY}"""')
    scan = sources.scan(tree({}), extra=[("providers/mine.py", tmp_path / "mine.py")])
    assert reasons(scan) == {"providers/mine.py": "holds a private key"}
