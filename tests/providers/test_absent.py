"""A package that a user's kernel needs and the host lacks is the host's lack, whenever it shows."""

from __future__ import annotations

from pathlib import Path

from remote_payload.contract.request import Provider
from remote_payload.contract.words import Status
from tests.providers.places import checked, snapshot

AT_THE_CALL = "def attention(q, k, v, causal, scale):\n    import pycuda.driver\n"
A_TYPO = "import torhc\ndef attention(q, k, v, causal, scale): ...\n"


def test_a_package_for_kernels_is_not_present_and_another_is_the_files_fault(
    tmp_path: Path,
) -> None:
    root = snapshot(tmp_path, {"late.py": AT_THE_CALL, "typo.py": A_TYPO})
    names = ("late", "typo")
    done = checked(tmp_path, root, *(Provider(n, f"{n}.py:attention") for n in names))
    late, typo = done.check("late"), done.check("typo")
    assert late.status is Status.SKIPPED
    assert late.reason.startswith("not present: pycuda; install it there: ")
    assert typo.status is Status.FAILED
    said = "could not be loaded: ModuleNotFoundError: No module named 'torhc'"
    assert typo.reason == said
