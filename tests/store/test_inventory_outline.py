"""The outline of an inventory that is kept in the home: the same values and the same errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import InventoryError
from orchestrator.store.inventory import document, outline
from orchestrator.store.inventory.reading import keep_outline, load

TEXT = """\
# h100 is in the other room
default: h100
defaults: {env: {LEVEL: "two words", TOKEN: '${HF_TOKEN}', SECRET: hunter2hunter2}}
hosts:
  local:
    transport: local
  h100:
    transport: ssh
    address: 203.0.113.7
    port: ${POD_PORT:-22}
    user:
      root
"""


def kept(home: Path) -> list[Path]:
    return sorted((home / ".orchestrator" / "inventories").glob("*"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "inventory.yaml"
    made.write_text(TEXT)
    return made


def _no_yaml(*words: object) -> None:
    raise AssertionError("the text was taken apart")


def test_that_hosts_are_the_same_with_it_and_no_yaml_is_read(
    path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"HF_TOKEN": "hf_secret"}
    before = load(path, environ)
    keep_outline(path)
    monkeypatch.setattr(document, "compose", _no_yaml)
    assert load(path, environ) == before
    assert load(path, {"HF_TOKEN": "x", "POD_PORT": "9"}).hosts["h100"].port == 9
    with pytest.raises(InventoryError, match=r"inventory.yaml:3: .*HF_TOKEN is not set"):
        load(path, {}).host("h100")


def test_that_it_holds_no_value_and_is_for_its_user_alone(path: Path, home: Path) -> None:
    keep_outline(path)
    (file,) = kept(home)
    said = file.read_text()
    assert not [word for word in ("hunter2", "203.0.113", "HF_TOKEN", "root") if word in said]
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("damage", [b"", b"{}", b"[", b'{"form": 1, "digest": "x"}', b"\xff"])
def test_that_a_damaged_one_is_as_good_as_none(path: Path, home: Path, damage: bytes) -> None:
    before = load(path, {})
    keep_outline(path)
    (file,) = kept(home)
    file.write_bytes(damage)
    assert load(path, {}) == before
    keep_outline(path)
    assert kept(home) == [file]
    assert len(file.read_bytes()) > 100


def test_that_another_text_is_read_anew(path: Path, home: Path) -> None:
    keep_outline(path)
    path.write_text(TEXT.replace("203.0.113.7", "203.0.113.70"))
    assert load(path, {"HF_TOKEN": "x"}).hosts["h100"].address == "203.0.113.70"
    path.write_text(TEXT.replace("    address:", "    adress:"))
    with pytest.raises(InventoryError, match=r"inventory.yaml:9: hosts.h100.adress: unknown key"):
        load(path, {})


def test_that_a_value_in_other_characters_than_its_text_is_kept_nowhere(
    path: Path, home: Path
) -> None:
    path.write_text('hosts:\n  a: {transport: local, env: {A: "tab\\there"}}\n')
    keep_outline(path)
    assert kept(home) == []
    assert outline.document_of(path, path.read_text())
    assert load(path, {}).hosts["a"].environment == {"A": "tab\there"}
