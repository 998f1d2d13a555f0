"""Login shells that are no POSIX shells, in front of a workspace whose name they all read apart."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.doctor.finding import Level
from orchestrator.errors import HostUnfit
from orchestrator.launch.detached import DetachedLauncher
from orchestrator.sync import sources
from orchestrator.sync.deploy import deploy
from orchestrator.transport.connect import Trust, connect
from orchestrator.workflows.diagnose import diagnose
from tests.conftest import SshdVariant
from tests.ssh.server import SshServer
from tests.workflows.syncing import held, there, write

NAME = "w\\o\\\\rk !! $HOME `id` 'q' \"d\" ~root %s #é\\"


def behind(shell: str, sshd_variant: SshdVariant) -> SshServer:
    """A server that does with the shell what sshd does with a login shell: -c and the command."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    return sshd_variant(f'ForceCommand exec {program} -c "$SSH_ORIGINAL_COMMAND"')


@pytest.mark.parametrize("shell", ["fish", "tcsh", "zsh", "dash", "bash"])
def test_a_workspace_of_any_name_is_the_same_place_behind_every_login_shell(
    shell: str, sshd_variant: SshdVariant, tmp_path: Path
) -> None:
    server = behind(shell, sshd_variant)
    place = tmp_path / "far" / NAME
    place.parent.mkdir()
    host = replace(server.host(), workspace=str(place))
    root = write(tmp_path / "project", {"csrc/a.cu": "A", "remote_payload/b.py": "B"})
    with connect(host, Trust(tmp_path / "known_hosts")) as transport:
        deployed = deploy(transport, sources.scan(root))
        assert held(there(deployed)) == {"csrc/a.cu": "A", "remote_payload/b.py": "B"}
        assert DetachedLauncher(transport).list_jobs() == ()
        found = diagnose(transport)
    (line,) = (one for one in found.findings if one.topic == "workspace")
    assert line.level is not Level.FAIL
    assert [path.name for path in place.parent.iterdir()] == [NAME]


@pytest.mark.parametrize("shell", ["fish", "tcsh", "zsh"])
def test_a_python_that_is_not_there_is_told_behind_every_login_shell(
    shell: str, sshd_variant: SshdVariant, tmp_path: Path
) -> None:
    server = behind(shell, sshd_variant)
    for workspace in ("/nonexistent", "/nonexistent!\\"):
        host = replace(server.host(), workspace=workspace, python="/no/such/python")
        with (
            connect(host, Trust(tmp_path / "known_hosts")) as transport,
            pytest.raises(HostUnfit, match="has no '/no/such/python'"),
        ):
            diagnose(transport)
