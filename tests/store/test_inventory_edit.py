"""Adding a host: new lines only, and only when the outcome is valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import InventoryError
from orchestrator.store.inventory.edit import add_host
from orchestrator.store.inventory.reading import load

SSH: dict[str, str | int] = {"transport": "ssh", "address": "203.0.113.7", "port": 10022}
ADDED = "  new:\n    transport: ssh\n    address: 203.0.113.7\n    port: 10022\n"

BEFORE_AND_AFTER = {  # what stands above the new lines, and below
    "after the last host": ("hosts:\n  a: {transport: local}  # mine\n", ""),
    "before what follows": ("hosts:\n  a: {transport: local}\n", "\n# the rest\ndefault: 'a'\n"),
    "behind comments of hosts": ("hosts:\n  a:\n    transport: local\n\n  # b:\n  #   x\n", "\n# end\n"),
    "empty hosts": ("default: new\nhosts: # none yet\n", "# end\n"),
    "behind an empty value": ("default: new\nhosts:\n", "\n\n"),
    "behind a block scalar": ("hosts:\n  a:\n    transport: local\n    env:\n      A: |\n        x\n        # no comment\n", "default: a\n"),
    "behind a folded value": ("hosts:\n  a:\n    transport: local\n    env:\n      A: one\n        two\n", ""),
    "behind hosts with an anchor": ("hosts: &all  # them\n  a:\n    transport: local\n", "default: a\n"),
    "behind hosts with a tag": ("hosts: !!map\n  a: {transport: local}\n", "# end\n"),
    "behind an anchor of its own line": ("hosts:\n  &all\n  a: {transport: local}\n", ""),
    "behind a host with an anchor": ("hosts:\n  &name a: &what\n    transport: local\n", ""),
    "behind a key that is marked as one": ("hosts:\n  ? a\n  : transport: local\n", ""),
    "no hosts": ("default: new   # soon\n\n", ""),
}  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    BEFORE_AND_AFTER.values(),
    ids=BEFORE_AND_AFTER.keys(),
)
def test_the_new_lines_stand_between_untouched_old_ones(
    tmp_path: Path, before: str, after: str
) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(before + after)
    host = add_host(path, "new", SSH, {}).host("new")
    lead = "" if "hosts:" in before else "hosts:\n"
    assert path.read_text() == before + lead + ADDED + after
    assert (host.address, host.port) == ("203.0.113.7", 10022)


@pytest.mark.parametrize("empty", ["{}", "null", "~"])
def test_a_spelled_out_nothing_makes_room_for_the_first_host(tmp_path: Path, empty: str) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(f"default: new\nhosts: {empty}  # c\n# end\n")
    add_host(path, "new", SSH, {})
    assert path.read_text() == f"default: new\nhosts:  # c\n{ADDED}# end\n"


def test_a_missing_file_begins_with_the_new_host_as_default(tmp_path: Path) -> None:
    path = tmp_path / "new" / "inventory.yaml"
    add_host(path, "here", {"transport": "local"}, {})
    assert path.read_text() == "default: here\nhosts:\n  here:\n    transport: local\n"


def test_a_missing_line_break_at_the_end_is_added_first(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text("hosts:\n  a: {transport: local}")
    add_host(path, "new", SSH, {})
    assert path.read_text() == "hosts:\n  a: {transport: local}\n" + ADDED


def test_windows_line_ends_and_byte_order_mark_stay(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    old = b"\xef\xbb\xbfhosts:\r\n  a: {transport: local}\r\n# end\r\n"
    path.write_bytes(old)
    add_host(path, "new", {"transport": "local"}, {})
    added = b"  new:\r\n    transport: local\r\n"
    assert path.read_bytes() == old.replace(b"# end", added + b"# end")


def test_permissions_and_a_link_survive(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "inventory.yaml"
    real.write_text("hosts:\n  a: {transport: local}\n")
    real.chmod(0o640)
    link.symlink_to(real)
    add_host(link, "new", SSH, {})
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert load(link, {}).names == ("a", "new")
    assert set(tmp_path.iterdir()) == {link, real}


def test_a_variable_may_be_unset_when_its_host_is_added(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    inventory = add_host(path, "pod", {"transport": "ssh", "address": "${POD_IP}"}, {})
    assert "POD_IP is not set" in inventory.entry("pod").problem
    assert load(path, {"POD_IP": "203.0.113.7"}).host("pod").address == "203.0.113.7"


REFUSED = {
    "the name exists": ("hosts:\n  new: {transport: local}\n", SSH, "2: hosts.new: exists already"),
    "a bad value": ("hosts:\n  a: {transport: local}\n", {**SSH, "port": 0}, "6: hosts.new.port: expected a port"),
    "a file with a mistake": ("hots:\n  a: {transport: local}\n", SSH, "1: hots: unknown key"),
    "hosts in braces": ("hosts: {a: {transport: local}}\n", SSH, "1: hosts: cannot be added to"),
    "hosts a text": ("hosts: all\n", SSH, "1: hosts: cannot be added to"),
    "no YAML": ("hosts: [\n", SSH, "2: not YAML"),
    "a document that ended": ("default: new\n...\n", SSH, "second document"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "fields", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_would_be_wrong_leaves_the_file_unchanged(
    tmp_path: Path, text: str, fields: dict[str, str | int], said: str
) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text(text)
    with pytest.raises(InventoryError, match=r"inventory\.yaml") as caught:
        add_host(path, "new", fields, {})
    assert said in caught.value.message
    assert caught.value.hint
    assert path.read_text() == text
    assert list(tmp_path.iterdir()) == [path]


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,8}", fullmatch=True)
NOISE = st.lists(
    st.sampled_from(["", "# note", "  # about hosts", "    # inner", "  ", "#", "      # deep"]),
    max_size=3,
)
STYLES = (
    "  {0}:\n    transport: local",
    "  '{0}': {{transport: local}}  # flow",
    "  {0}:\n    # why\n    transport: \"local\"   # quoted\n    env:\n      B: 'x: # y'",
    "  {0}:\n    transport: local\n    env:\n      C: >-\n        folded\n        # text",
)


@given(
    names=st.lists(NAMES, min_size=1, max_size=3, unique=True),
    styles=st.lists(st.sampled_from(STYLES), min_size=3, max_size=3),
    noise=st.lists(NOISE, min_size=4, max_size=4),
    tail=st.sampled_from(["", "defaults: {gpu: 0}\n", "# bye"]),
)
def test_every_old_line_stays_and_only_the_entry_is_new(
    tmp_path: Path, names: list[str], styles: list[str], noise: list[list[str]], tail: str
) -> None:
    lines = ["hosts:", *noise[0]]
    for name, style, gap in zip(names, styles, noise[1:], strict=False):
        lines += [style.format(f"{name}" if "'" in style[:4] else f"'{name}'"), *gap]
    old = "\n".join(lines) + "\n" + tail
    path = tmp_path / "inventory.yaml"
    path.write_text(old)
    hosts = load(path, {}).hosts
    new_name = "new-host-of-mine"
    inventory = add_host(path, new_name, {"transport": "local", "workspace": "/w"}, {})
    added = f"  {new_name}:\n    transport: local\n    workspace: /w\n"
    text = path.read_text()
    assert text.count(added) == 1
    assert text.replace(added, "").rstrip("\n") == old.rstrip("\n")
    assert {name: inventory.hosts[name] for name in hosts} == dict(hosts)
