"""inventory.yaml: what is read, and what a person hears who wrote it wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestrator.errors import InventoryError, UsageError
from orchestrator.store.inventory.reading import Inventory, built_in, find, load
from orchestrator.values.host import TransportKind

FULL = """\
default: h100
defaults:
  user: root
  port: 2222
  env: {CUDA_HOME: /usr/local/cuda, LEVEL: 1.10}
hosts:
  local:
    transport: local
  h100:
    transport: ssh
    address: 203.0.113.7
    port: ${POD_PORT}
    identity_file: keys/pod
    host_key: SHA256:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ
    gpu: 1
    env:
      LEVEL: two
      PRICE: $$5
  pod:
    transport: ssh
    runpod: {pod: abc123}
"""


def read(folder: Path, text: str, **environ: str) -> Inventory:
    path = folder / "inventory.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ)


def test_a_host_takes_its_own_keys_then_the_defaults_then_ours(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "pod").write_text("key")
    inventory = read(tmp_path, FULL, POD_PORT="10022")
    host = inventory.host(None)
    assert (host.name, host.kind) == ("h100", TransportKind.SSH)
    assert (host.address, host.port, host.user) == ("203.0.113.7", 10022, "root")
    assert host.identity_file == tmp_path / "keys" / "pod"
    assert (host.workspace, host.python) == ("~/.cache/blackwell-sparsek", "python3")
    assert host.gpu == 1
    assert dict(host.env) == {"CUDA_HOME": "/usr/local/cuda", "LEVEL": "two", "PRICE": "$5"}


def test_a_local_host_uses_this_interpreter_and_ignores_defaults_of_ssh(tmp_path: Path) -> None:
    host = read(tmp_path, FULL).host("local")
    assert (host.kind, host.python) == (TransportKind.LOCAL, sys.executable)
    assert (host.user, host.port, host.address) == (None, None, None)


def test_a_pod_works_as_root_under_the_volume_that_survives_restarts(tmp_path: Path) -> None:
    host = read(tmp_path, FULL).host("pod")
    assert (host.pod, host.address, host.port) == ("abc123", None, None)
    assert (host.workspace, host.user) == ("/workspace/blackwell-sparsek", "root")


def test_without_a_default_the_first_host_is_it(tmp_path: Path) -> None:
    text = "hosts:\n  b: {transport: local}\n  a: {transport: local}\n"
    inventory = read(tmp_path, text)
    assert (inventory.default, inventory.names) == ("b", ("b", "a"))


def test_scalars_mean_the_text_that_was_written(tmp_path: Path) -> None:
    env = "{A: 1.10, B: no, C: 0x1F, D: 2024-01-01, E: 010, F: true}"
    text = f"hosts:\n  a:\n    transport: local\n    env: {env}\n"
    environment = read(tmp_path, text).host(None).environment
    assert list(environment.values()) == ["1.10", "no", "0x1F", "2024-01-01", "010", "true"]


def test_a_variable_missing_for_one_host_does_not_stop_another(tmp_path: Path) -> None:
    inventory = read(tmp_path, FULL)
    assert inventory.host("local").name == "local"
    with pytest.raises(InventoryError) as caught:
        inventory.host("h100")
    assert "inventory.yaml:12: hosts.h100.port: " in caught.value.message
    assert "POD_PORT is not set" in caught.value.message
    assert "export POD_PORT=" in caught.value.hint


def test_the_listing_says_which_variables_are_missing(tmp_path: Path) -> None:
    entries = {entry.name: entry for entry in read(tmp_path, FULL).entries}
    assert entries["h100"].where == "203.0.113.7:${POD_PORT}"
    assert "POD_PORT is not set" in entries["h100"].problem
    assert entries["h100"].default
    assert entries["local"].problem == entries["pod"].problem == ""
    assert entries["pod"].where == "pod abc123"


def test_a_variable_with_a_bad_value_is_told_with_its_origin(tmp_path: Path) -> None:
    text = "hosts:\n  a: {transport: ssh, address: x, port: '${P}'}\n  b: {transport: local}\n"
    inventory = read(tmp_path, text, P="80 80")
    assert inventory.host("b").name == "b"
    with pytest.raises(InventoryError, match=r"from 1 to 65535, got '80 80' from '\$\{P\}'"):
        inventory.host("a")


def test_a_bad_value_of_a_secret_variable_is_not_printed(tmp_path: Path) -> None:
    text = "hosts:\n  a: {transport: ssh, address: x, port: '${API_KEY}'}\n"
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, text, API_KEY="hunter2").host("a")
    assert "hunter2" not in caught.value.message


def test_the_default_of_a_variable_fills_in_for_unset_and_empty(tmp_path: Path) -> None:
    text = "hosts:\n  a: {transport: ssh, address: '${A:-x}.example', port: '${P:-22}'}\n"
    assert read(tmp_path, text, P="").host("a").port == 22
    assert read(tmp_path, text, A="y", P="23").host("a").address == "y.example"


def test_a_default_host_may_come_from_the_environment(tmp_path: Path) -> None:
    text = "default: ${H:-a}\nhosts:\n  a: {transport: local}\n  b: {transport: local}\n"
    assert read(tmp_path, text).default == "a"
    assert read(tmp_path, text, H="b").default == "b"


LOCAL = "hosts:\n  a:\n    transport: local\n"
SSH = "hosts:\n  h100:\n    transport: ssh\n    address: x\n"
WRONG = {
    "misspelt key": (SSH + "    prot: 22\n", "5: hosts.h100.prot: unknown key", "write port"),
    "top key": ("hots:\n  a: {}\n" + LOCAL, "1: hots: unknown key", "write hosts"),
    "in defaults": ("defaults: {adress: x}\n" + LOCAL, "1: defaults.adress: unknown key", "remove"),
    "in runpod": (
        "hosts:\n  a:\n    transport: ssh\n    runpod: {id: x}\n",
        "4: hosts.a.runpod.id: unknown key, expected one of pod",
        "remove id",
    ),
    "merge key": (SSH + "    <<: {port: 1}\n", "5: hosts.h100.<<: unknown key", "remove <<"),
    "key twice": (SSH + "    address: y\n", "5: hosts.h100.address: written twice, first in line 4", "keep only one"),
    "host twice": (LOCAL + "  a:\n    transport: local\n", "4: hosts.a: written twice", "keep"),
    "port as text": (SSH + "    port: ssh\n", "5: hosts.h100.port: expected a port number from 1 to 65535, got 'ssh'", "port"),
    "port too big": (SSH + "    port: 65536\n", "5: hosts.h100.port: expected a port number", "port"),
    "port empty": (SSH + "    port:\n", "5: hosts.h100.port: expected a port number from 1 to 65535, got nothing", "port"),
    "port a list": (SSH + "    port: [22]\n", "5: hosts.h100.port: expected a port number from 1 to 65535, got a list", "port"),
    "negative gpu": (LOCAL + "    gpu: -1\n", "4: hosts.a.gpu: expected the index of a GPU, from 0, got '-1'", "gpu"),
    "env a list": (LOCAL + "    env: [A=1]\n", "4: hosts.a.env: expected a mapping NAME: text", "env"),
    "env empty": (LOCAL + "    env:\n      A:\n", '5: hosts.a.env.A: expected NAME: text ("" for an empty value), got nothing', "A"),
    "env name": (LOCAL + "    env:\n      A-B: x\n", "5: hosts.a.env.A-B: expected", "A-B"),
    "lone dollar": (LOCAL + "    env:\n      PATH: /x:$PATH\n", "5: hosts.a.env.PATH: '$PATH' is no variable", "$$"),
    "nested default": (LOCAL + "    env:\n      A: ${B:-${C}}\n", "5: hosts.a.env.A: '${B:-${C}}' is no variable", "${NAME}"),
    "short host key": (SSH + "    host_key: SHA256:abc\n", "5: hosts.h100.host_key: expected SHA256: and 43 base64", "host_key"),
    "workspace root": (SSH + "    workspace: /\n", "5: hosts.h100.workspace: expected a directory", "workspace"),
    "workspace home": (SSH + "    workspace: '~'\n", "5: hosts.h100.workspace: expected a directory", "workspace"),
    "workspace up": (SSH + "    workspace: /x/../etc\n", "5: hosts.h100.workspace: expected a directory without ..", "leads to"),
    "workspace relative": (SSH + "    workspace: work\n", "5: hosts.h100.workspace: expected a directory", "workspace"),
    "python arguments": (SSH + "    python: python3 -I\n", "5: hosts.h100.python: expected one program without arguments", "python"),
    "python tilde": (SSH + "    python: ~/v/bin/python\n", "5: hosts.h100.python: expected a name or an absolute path", "in full"),
    "address with user": (SSH.replace("x", "root@x"), "4: hosts.h100.address: expected an address without a user", "user"),
    "address with port": (SSH.replace("x", "x:22"), "4: hosts.h100.address: expected an address without a port", "port"),
    "address an option": (SSH.replace(" x", " -oProxyCommand=x"), "4: hosts.h100.address: expected a DNS name", "address"),
    "address for a shell": (SSH.replace(" x", " x;reboot"), "4: hosts.h100.address: expected a DNS name", "address"),
    "RunPod proxy": (SSH.replace("x", "ssh.runpod.io"), "4: hosts.h100.address: RunPod's proxy ssh.runpod.io has no SFTP", "direct TCP address"),
    "RunPod alias": (SSH.replace("x", "abc-6441@ssh.runpod.io"), "4: hosts.h100.address: RunPod's proxy", "runpod: {pod: POD_ID}"),
    "no address": ("hosts:\n  a:\n    transport: ssh\n", "2: hosts.a: missing key address", "add address"),
    "two ways": (SSH + "    runpod: {pod: x}\n", "2: hosts.h100: address and runpod exclude each other", "remove one"),
    "port beside pod": ("hosts:\n  a:\n    transport: ssh\n    runpod: {pod: x}\n    port: 1\n", "2: hosts.a: a pod's port changes", "remove port"),
    "local with address": (LOCAL + "    address: x\n", "4: hosts.a.address: is only for transport: ssh", "transport: ssh"),
    "no transport": ("hosts:\n  a: {address: x}\n", "2: hosts.a.transport: missing key", "add transport"),
    "odd transport": ("hosts:\n  a: {transport: telnet}\n", "2: hosts.a.transport: expected local (this machine) or ssh, got 'telnet'", "transport: ssh"),
    "host a text": ("hosts:\n  a: local\n", "2: hosts.a: expected a mapping that begins with transport", "indent"),
    "hosts a list": ("hosts: [a]\n", "1: hosts: expected a mapping with at least one host, got a list", "hosts"),
    "hosts empty": ("hosts:\n", "1: hosts: expected a mapping with at least one host, got nothing", "hosts"),
    "hosts {}": ("hosts: {}\n", "1: hosts: expected a mapping with at least one host, got an empty", "hosts"),
    "no hosts": ("default: a\n", "1: hosts: missing key", "add hosts"),
    "host name": ("hosts:\n  a b: {transport: local}\n", "2: hosts.a b: expected a host name", "a b"),
    "defaults a text": ("defaults: x\n" + LOCAL, "1: defaults: expected a mapping of keys", "defaults"),
    "unknown default": ("default: locla\nhosts:\n  local: {transport: local}\n", "1: default: no host is named 'locla', expected one of local", "did you mean local?"),
    "default unset": ("default: ${H}\n" + LOCAL, "1: default: the environment variable H is not set", "export H="),
    "alias": ("hosts:\n  a: &a {transport: local}\n  b: *a\n", "3: hosts.b: YAML aliases", "defaults"),
    "anchor twice": ("hosts:\n  a: &a {transport: &a local}\n  b: *a\n", "3: hosts.b: YAML aliases", "defaults"),
    "endless alias": ("hosts: &a\n  a: *a\n", "2: hosts.a: YAML aliases", "defaults"),
    "tag": ("hosts:\n  a: {transport: !!python/name:os.system local}\n", "2: hosts.a.transport: YAML tags", "remove the tag"),
    "complex key": ("hosts:\n  ? [a]\n  : x\n", "2: hosts: a key must be plain text", "name: value"),
    "tab": ("hosts:\n\ta:\n", "2: a tab in the indentation, expected spaces", "tab"),
    "open bracket": ("hosts: {a: {\n", "2: not YAML: ", "line"),
    "two documents": (LOCAL + "---\nb: 1\n", "4: a second document begins", "one document"),
    "control character": ("hosts:\n  a\x01: x\n", "2: not YAML: ", "remove"),
    "empty file": ("", "1: the file is empty", "orchestrator hosts add"),
    "only comments": ("# nothing\n\n", "1: the file is empty", "orchestrator hosts add"),
    "a list": ("- a\n", "1: expected a mapping with the key hosts, got a list", "hosts add"),
    "a text": ("\n\nhello\n", "3: expected a mapping with the key hosts, got text", "hosts add"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said", "mend"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_told_with_line_key_and_mend(
    tmp_path: Path, text: str, said: str, mend: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, text)
    assert f"inventory.yaml:{said}" in caught.value.message
    assert mend in caught.value.hint


def test_several_mistakes_are_told_together_in_file_order(tmp_path: Path) -> None:
    text = SSH + "    prot: 22\n    gpu: x\n    user: [a]\n"
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, text)
    lines = caught.value.message.splitlines()
    assert [line.split(":")[1] for line in lines] == ["5", "6", "7"]


def test_a_flood_of_mistakes_is_cut_short(tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, LOCAL + "".join(f"    odd{n}: x\n" for n in range(9)))
    assert len(caught.value.message.splitlines()) == 6
    assert caught.value.message.endswith("... and 4 more")


def test_a_mistake_in_defaults_is_told_once_whoever_inherits_it(tmp_path: Path) -> None:
    text = "defaults:\n  gpu: x\nhosts:\n  a: {transport: local}\n  b: {transport: local}\n"
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, text)
    assert caught.value.message.count("defaults.gpu") == 1


def test_a_missing_identity_file_concerns_only_its_host(tmp_path: Path) -> None:
    inventory = read(tmp_path, SSH + "    identity_file: ~/.ssh/nothing\n  b: {transport: local}\n")
    assert inventory.host("b").name == "b"
    with pytest.raises(InventoryError, match=r"5: hosts.h100.identity_file: no such file: "):
        inventory.host("h100")


def test_a_public_key_is_no_identity(tmp_path: Path, home: Path) -> None:
    (home / "k.pub").write_text("ssh-ed25519 AAAA")
    inventory = read(tmp_path, SSH + "    identity_file: ~/k.pub\n")
    with pytest.raises(InventoryError, match="expected the private key"):
        inventory.host(None)


def test_an_unknown_host_is_refused_with_the_nearest_name_and_the_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, FULL).host("h10")
    assert "'h10'" in caught.value.message
    assert "local, h100, pod" in caught.value.message
    assert caught.value.hint == "did you mean h100?"


def test_bytes_that_are_not_utf8_are_told_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_bytes(b"hosts:\n  \xff: x\n")
    with pytest.raises(InventoryError, match=r"inventory.yaml:2: not UTF-8"):
        load(path, {})


@pytest.mark.parametrize("what", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_an_inventory_error(tmp_path: Path, what: str) -> None:
    path = tmp_path if what == "folder" else tmp_path / "inventory.yaml"
    with pytest.raises(InventoryError):
        load(path, {})


def test_the_nearest_inventory_above_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "inventory.yaml").touch()
    assert find(inner) == tmp_path / "inventory.yaml"
    (tmp_path / "a" / "inventory.yaml").touch()
    assert find(inner) == tmp_path / "a" / "inventory.yaml"


def test_without_an_inventory_this_machine_is_the_only_host(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    host = built_in().host(None)
    assert (host.name, host.kind, host.python) == ("local", TransportKind.LOCAL, sys.executable)
    with pytest.raises(UsageError, match=r"no inventory\.yaml .* no host named 'h100', only local"):
        built_in().host("h100")


def test_local_is_built_in_where_an_inventory_does_not_speak_of_it_and_never_its_default(
    tmp_path: Path,
) -> None:
    defaults = "defaults: {workspace: /workspace/of/pods}\n"
    pods = read(tmp_path, f"{defaults}hosts:\n  pod: {{transport: ssh, address: a}}\n")
    assert pods.host(None).name == "pod"
    assert pods.names == ("pod",)
    assert pods.host("local") == built_in().host("local")
    own = read(tmp_path, "hosts:\n  local: {transport: ssh, address: a}\n")
    assert own.host("local").kind is TransportKind.SSH


def test_the_inventory_that_is_shipped_loads_and_its_example_works() -> None:
    from orchestrator.store.inventory.reading import parse

    path = Path(__file__).parents[2] / "inventory.yaml"
    assert load(path, {}).host(None).kind is TransportKind.LOCAL
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = lines.index("  # h100:")
    example = [line.replace("# ", "", 1) for line in lines[begin:]]
    text = "\n".join(lines[:begin] + example).replace("    identity_file: ~/.ssh/id_ed25519\n", "")
    host = parse(path, text, {"POD_IP": "203.0.113.7", "POD_PORT": "10022"}).host("h100")
    assert (host.address, host.port, host.user) == ("203.0.113.7", 10022, "root")
