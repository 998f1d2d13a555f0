"""What a host says, where it begins as our own lines do."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Project
from tests.cli.quick import quick_payload
from tests.security.screen import FORGED
from tests.security.test_terminal import on_screen


@pytest.mark.parametrize("line", FORGED, ids=["error", "next", "hint", "ok"])
def test_a_reason_that_begins_as_a_line_of_ours_stands_behind_a_word_or_is_set_off(
    project: Project, line: str
) -> None:
    quick_payload(project.root, f"answer(Status.FAILED, {f'{line}, held'!r})\n")
    for verb in ("deploy", "check"):
        on_screen(project, verb)
