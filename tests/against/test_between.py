"""Who races when two revisions do, neither of which is what is checked out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.workflows.against.between import AFTER, Judged, judged
from orchestrator.workflows.operator_choice import choose
from orchestrator.workflows.plan import Wish
from remote_payload.contract.words import Method, Stage
from tests.against.conftest import MINE, QUICK, SLOW, Repository
from tests.against.test_twins import STAGES, files


def of_operator(here: Path, *users: UsersProvider) -> Judged:
    own = choose("op.py", here, ()).own
    assert own is not None
    wish = Wish(stages=STAGES, operator=own.name, own=own, user_providers=users)
    return judged(wish, here, here)


def test_that_both_sides_are_of_git_and_nobody_else_runs(
    repository: Callable[[], Repository],
) -> None:
    checkout = repository()
    checkout.write({"k/part.py": "not committed\n"})
    who = of_operator(checkout.root, UsersProvider("mine", "k/mine.py:softmax"))
    first, last = (checkout.git("rev-parse", word)[:7] for word in ("HEAD~1", "HEAD"))
    found = who.raced(who.at("HEAD~1"), who.at("HEAD", AFTER))
    later, base = found.request.providers
    assert (later.name, later.against, base.name) == (f"mine@{last}", base.name, f"mine@{first}")
    assert files(found, f"providers/mine@{last}") == {
        "mine.py": MINE.encode(),
        "part.py": SLOW.encode(),
    }
    assert files(found, f"providers/mine@{first}")["part.py"] == QUICK.encode()
    request = found.request
    assert (request.usual_providers, request.against, request.baseline) == (False, "HEAD~1", "")
    assert Method.COLD not in request.bench.methods
    assert who.at("HEAD").contents != who.at("HEAD~1").contents
    assert who.folders == (checkout.root / "k",)


def test_that_the_same_bytes_are_the_same_whatever_the_commit(
    repository: Callable[[], Repository],
) -> None:
    checkout = repository()
    who = of_operator(checkout.root, UsersProvider("same", "k/same.py:soft"))
    assert who.at("HEAD").contents == who.at("HEAD~1").contents
    gone = of_operator(checkout.root, UsersProvider("mine", "k/fresh.py:soft")).at("HEAD")
    assert "there is no" in gone.why
    assert not gone.providers


def test_that_our_kernel_is_built_of_both_and_of_neither_that_is_checked_out(
    tmp_path: Path,
) -> None:
    checkout = Repository(tmp_path / "project")
    shutil.copytree(Path(__file__).parents[2] / "csrc", checkout.root / "csrc")
    first = checkout.commit({"remote_payload/x.py": ""})
    last = checkout.commit({"csrc/attention/params.h": "// changed\n"})
    checkout.write({"csrc/attention/params.h": "// not committed\n"})
    who = judged(Wish(stages=STAGES), checkout.root, checkout.root)
    found = who.raced(who.at("HEAD~1"), who.at("HEAD", AFTER))
    told = [(one.name, one.sources, one.known_as) for one in found.request.providers]
    assert told == [
        (f"sparsek@{last}", "after", "sparsek"),
        (f"sparsek@{first}", "before", "sparsek"),
    ]
    assert files(found, "after/csrc")["attention/params.h"] == b"// changed\n"
    assert files(found, "before/csrc")["attention/params.h"] != b"// changed\n"
    users = (UsersProvider("mine", "k/mine.py:softmax"),)
    beside = judged(Wish(stages=STAGES, user_providers=users), checkout.root, checkout.root)
    assert beside.names == ("mine",)
    assert Stage.BUILD not in beside.wish.stages, "csrc/ is nobody's then"


def test_that_who_has_no_commit_of_its_own_is_refused(repository: Callable[[], Repository]) -> None:
    checkout = repository()
    with pytest.raises(UsageError, match="no provider that a commit could change"):
        of_operator(checkout.root)
    with pytest.raises(UsageError, match="is a module of the host"):
        of_operator(checkout.root, UsersProvider("mine", "some.module:soft"))
