"""Whatever ~/.ssh/config says: we end up where OpenSSH does, or say what we do not do.

A few configurations each time, a hundred with `pytest -m slow tests/transport/test_beside_openssh.py`.
"""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SshdVariant
from tests.ssh.agents import ssh_agent
from tests.ssh.both_clients import by_openssh, by_us, write
from tests.ssh.server import Keys, _free_port
from tests.ssh.side_by_side import VARIABLE, World, configurations

SEED = 20261128


def has_v6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.fixture
def world(
    sshd_variant: SshdVariant,
    keys: Keys,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    if shutil.which("ssh") is None:
        pytest.skip("no OpenSSH client here")
    v6 = has_v6()
    servers = []
    for host_key in (keys.host, keys.other_host, keys.other_host):
        port = _free_port()
        both = [f"ListenAddress 127.0.0.1:{port}"] + [f"ListenAddress [::1]:{port}"] * v6
        servers.append(sshd_variant(*both, host_key=host_key, port=port))
    monkeypatch.setenv(VARIABLE, str(home))
    with ssh_agent(tmp_path) as agent:
        agent.add(keys.client)
        made = World(servers, keys, home, agent.place, v6)
        made.prepare()
        yield made


def told(world: World, seed: int, count: int) -> tuple[list[str], int, int]:
    """What differed, how many led somewhere, and how many we say that we do not do."""
    differing, led, not_done = [], 0, 0
    for number, made in enumerate(configurations(world, seed, count)):
        write(world, made)
        theirs, ours = by_openssh(world, made), by_us(world, made)
        led += bool(theirs.reached)
        if not ours.reached and "which we do not do" in ours.said:
            not_done += 1
        elif (theirs.reached, bool(theirs.reached) and theirs.logins) != (
            ours.reached,
            bool(ours.reached) and ours.logins,
        ):
            differing.append(f"\n## {number}\n{made.text}{made.files}\n{theirs}\n{ours}")
        elif not ours.reached and not ours.said:
            differing.append(f"\n## {number}: nothing said\n{made.text}{made.files}")
    return differing, led, not_done


def test_a_few_configurations_lead_where_openssh_ends_up(world: World) -> None:
    differing, led, not_done = told(world, SEED, 10)
    assert not differing, "".join(differing)
    assert 3 <= led <= 9
    assert not_done <= 2


@pytest.mark.slow
def test_a_hundred_configurations_lead_where_openssh_ends_up(world: World) -> None:
    began = time.monotonic()
    differing, led, not_done = told(world, SEED + 1, 100)
    print(
        f"\n100 configurations in {time.monotonic() - began:.0f} s: {led} lead somewhere by",
        end=" ",
    )
    print(f"OpenSSH, {len(differing)} elsewhere by us, {not_done} are not done by us, and say so")
    assert not differing, "".join(differing)
    assert led >= 40
    assert not_done <= 10
