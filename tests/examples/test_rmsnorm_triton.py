"""rmsnorm_triton through the real command line on this machine, as its page says."""

from __future__ import annotations

import importlib.util

import pytest

from remote_payload.contract.words import Status
from tests.examples.conftest import Reader

pytest.importorskip("torch")


def test_that_a_triton_rmsnorm_is_interpreted_where_triton_is_and_else_said_to_be_absent(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    code, result = reader.told("rmsnorm_triton", "--case", "T=5,D=100")
    checks = {record.provider: record for record in result.checks}
    assert checks["torch"].status is Status.OK
    mine = checks["two_rows"]
    if importlib.util.find_spec("triton") is None:
        assert mine.reason.startswith("not present: triton; install it there: ")
        assert code == 4
    else:
        assert (mine.status, mine.emulated, code) == (Status.OK, True, 0), mine.reason
