"""Agents that answer in no form of ours: the host's fault in one sentence, never a bug of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.cloud.watchdog import Watchdog
from orchestrator.errors import HostUnfit, HostUnreachable
from orchestrator.store import sources
from orchestrator.workflows.deploy import deploy
from tests.security.hostile import hostile_agent
from tests.workflows.syncing import write

NONSENSE = [
    "[7]",
    "[None]",
    "[[]]",
    "[{}]",
    "[{'status': 'melted'}]",
    "[{'status': ['same']}]",
]


@pytest.mark.parametrize(
    "answers",
    [
        *NONSENSE,
        "[{'status': 'same'}]",
        "[{'status': 'same', 'root': 7}]",
        "[{'status': 'done', 'root': '/w', 'deleted': 0}]",
        "[{'status': 'wanted', 'base': None}]",
        "[{'status': 'wanted', 'base': None, 'have': 7}]",
        "[{'status': 'wanted', 'base': [], 'have': []}]",
        "[{'status': 'failed'}]",
        "[{'status': 'failed', 'root': '/w', 'text': 7, 'error': None}]",
        "[{'status': 'wanted', 'base': None, 'have': [[]]}, {'status': 'wanted'}]",
        "[{'status': 'wanted', 'base': None, 'have': []}, {'status': 'done', 'root': '/w'}]",
    ],
)
def test_nonsense_about_a_snapshot_is_the_hosts_fault(tmp_path: Path, answers: str) -> None:
    scan = sources.scan(write(tmp_path / "project", {"csrc/a.cu": "A"}))
    with (
        hostile_agent(tmp_path / "host", answers) as transport,
        pytest.raises(HostUnfit, match=r"liar .* answered in a form that no agent of ours uses"),
    ):
        deploy(transport, scan, pauses_s=())


@pytest.mark.parametrize("answers", [*NONSENSE[:3], "[{'ways': 7}]", "[{'ok': True}]", "[]"])
def test_a_pod_that_does_not_say_how_it_would_stop_itself_has_no_watchdog(
    tmp_path: Path, answers: str
) -> None:
    with (
        hostile_agent(tmp_path / "host", answers) as transport,
        pytest.raises((HostUnfit, HostUnreachable), match="liar"),
    ):
        Watchdog(transport, "w1").arm(60)
