"""What holds for every inventory, and for any text at all."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from orchestrator.errors import InventoryError
from orchestrator.store.inventory.reading import Inventory, parse
from orchestrator.store.inventory.variables import expand

PATH = Path("inventory.yaml")
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff$"),
    max_size=20,
)
NAME = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,12}", fullmatch=True)
ENV = st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True), TEXT, max_size=3)
SHARED: dict[str, Any] = {
    "workspace": st.sampled_from(["/w", "~/w/x", "/a-b/c_d", "/it's a/(dîr)"]),
    "gpu": st.integers(0, 63),
    "env": ENV,
}
SSH = st.fixed_dictionaries(
    {"transport": st.just("ssh"), "address": st.sampled_from(["h", "203.0.113.7", "::1", "a.b"])},
    optional={
        **SHARED,
        "port": st.integers(1, 65535),
        "user": st.sampled_from(["root", "a.b"]),
        "host_key": st.from_regex(r"SHA256:[A-Za-z0-9+/]{43}", fullmatch=True),
        "python": st.sampled_from(
            ["python", "/opt/venv/bin/python3.12", "/opt/my venv/bin/python"]
        ),
    },
)
LOCAL = st.fixed_dictionaries({"transport": st.just("local")}, optional=SHARED)
HOSTS = st.dictionaries(NAME, SSH | LOCAL, min_size=1, max_size=4)


def dumped(value: object) -> str:
    stream = io.StringIO()
    YAML().dump(value, stream)
    return stream.getvalue()


@given(HOSTS)
def test_what_was_dumped_is_what_is_loaded(hosts: dict[str, dict[str, Any]]) -> None:
    inventory = parse(PATH, dumped({"hosts": hosts}), {})
    assert inventory.names == tuple(hosts)
    for name, keys in hosts.items():
        host = inventory.host(name)
        assert host.kind.value == keys["transport"]
        assert dict(host.env) == keys.get("env", {})
        for key in ("address", "port", "user", "host_key", "gpu"):
            assert getattr(host, key) == keys.get(key)


# Half of a surrogate pair is no text; the schema refuses it like NUL.
PLAIN = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
HOSTILE = st.text(PLAIN, max_size=40) | st.sampled_from(
    ["x\n  b: {transport: local}", "{a: b}", "*a", "!!python/name:os", "# c", "$OTHER", "${OTHER}"]
)


@given(HOSTILE)
def test_a_variable_never_becomes_structure(value: str) -> None:
    text = "hosts:\n  a:\n    transport: local\n    env:\n      A: ${V}\n      B: <${V}>$$\n"
    environ = {"V": value, "OTHER": "must not appear"}
    inventory = parse(PATH, text, environ)
    assert inventory.names == ("a",)
    assert inventory.host("a").env == (("A", value), ("B", f"<{value}>$"))


@given(HOSTILE)
def test_a_hostile_address_is_refused_or_taken_as_it_is(value: str) -> None:
    inventory = parse(PATH, "hosts:\n  a: {transport: ssh, address: '${V}'}\n", {"V": value})
    if inventory.hosts:
        assert inventory.host("a").address == value
        assert not set(value) & set(" \n;|&$`'\"\\()<>@/")
        assert not value.startswith("-")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="$")))
def test_text_without_a_dollar_expands_to_itself(text: str) -> None:
    assert expand(text, {}) == text
    assert expand(text + "$$", {}) == text + "$"


WORDS = (
    "default defaults hosts a transport local ssh address env runpod pod : , { } [ ] - ? & * ! | >"
    " ' \" # % @ ` << ~ null ${V} $ 1 0x \t --- ... !!str &x *x \x85 \ufeff \x00"
)
FRAGMENTS = st.lists(
    st.sampled_from([*WORDS.split(" "), "\n", "\n  ", "\n    ", ": ", " ", "\r\n"]), max_size=40
).map("".join)


def reading(text: str) -> Inventory | InventoryError:
    try:
        return parse(PATH, text, {})
    except InventoryError as error:
        return error


@given(
    st.text(max_size=200)
    | FRAGMENTS
    | FRAGMENTS.map("hosts:\n  a:\n    transport: local\n".__add__)
)
@settings(max_examples=400)
def test_any_text_is_an_inventory_or_an_inventory_error(text: str) -> None:
    outcome = reading(text)
    if isinstance(outcome, InventoryError):
        assert outcome.message.startswith("inventory.yaml:")
        assert outcome.hint
    else:
        assert outcome.default in outcome.names


def test_deep_nesting_is_an_inventory_error() -> None:
    with pytest.raises(InventoryError, match=r"^inventory.yaml:1: nested too deeply$"):
        parse(PATH, "[" * 2000, {})


def test_reading_an_inventory_imports_no_network_and_no_plotting() -> None:
    code = (
        "import sys; from pathlib import Path; from orchestrator.store.inventory.reading import parse;"
        "parse(Path('i'), 'hosts: {a: {transport: local}}', {}).host();"
        "heavy = {'fabric', 'paramiko', 'matplotlib', 'torch', 'rich'} & {*sys.modules};"
        "sys.exit(' '.join(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
