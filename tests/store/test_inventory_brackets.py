"""IPv6 addresses in brackets, in the inventory and at a real sshd."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import InventoryError
from orchestrator.store.inventory.reading import parse
from orchestrator.transport.connect import Trust
from tests.conftest import SshdVariant
from tests.transport.test_login import reaches

TEXT = "hosts:\n  h100:\n    transport: ssh\n    address: '{}'\n"


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("[::1]", ("::1", None, None)),
        ("[::1]:2222", ("::1", 2222, None)),
        ("[2001:db8::7]:22", ("2001:db8::7", 22, None)),
        ("me@[fe80::1%eth0]:22", ("fe80::1%eth0", 22, "me")),
        ("::1", ("::1", None, None)),
        ("${V6}", ("::1", 2222, None)),
    ],
)
def test_an_address_in_brackets_says_host_port_and_user(
    address: str, expected: tuple[str, int | None, str | None]
) -> None:
    inventory = parse(Path("inventory.yaml"), TEXT.format(address), {"V6": "[::1]:2222"})
    host = inventory.host("h100")
    assert (host.address, host.port, host.user) == expected


def test_a_port_beside_an_ipv6_address_can_be_told_from_it() -> None:
    host = parse(Path("inventory.yaml"), TEXT.format("[::1]:2222"), {}).host("h100")
    assert host.target == "[::1]:2222"


@pytest.mark.parametrize(
    ("address", "more", "said"),
    [
        ("[::1]:2222", "    port: 22\n", "address says port 2222, port says 22"),
        ("me@[::1]", "    user: you\n", "address says user me, user says you"),
        ("[::zz]", "", "expected an IPv6 address between the brackets"),
        ("[::1]:99999", "", "expected a port number"),
        ("example.com:22", "", "expected an address without a port"),
    ],
)
def test_what_contradicts_itself_or_is_no_address_is_refused(
    address: str, more: str, said: str
) -> None:
    with pytest.raises(InventoryError, match=said):
        parse(Path("inventory.yaml"), TEXT.format(address) + more, {})


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on the loopback")
def test_a_host_is_reached_by_the_address_in_brackets(
    sshd_variant: SshdVariant, tmp_path: Path
) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
        port = probe.getsockname()[1]
    places = (f"ListenAddress {where}:{port}" for where in ("[::1]", "127.0.0.1"))
    server = sshd_variant(*places, port=port)
    text = TEXT.format(f"[::1]:{port}")
    known = parse(tmp_path / "inventory.yaml", text, {}).host("h100")
    host = replace(server.host(), address=known.address, port=known.port)
    assert reaches(host, Trust(tmp_path / "known_hosts"))
