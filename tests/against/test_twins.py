"""What of a revision travels beside what is there now, and what is refused, before any host."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.store.kernels.users_provider import UsersProvider
from orchestrator.workflows.against.twin import SAME
from orchestrator.workflows.against.twins import raced
from orchestrator.workflows.operator_choice import choose
from orchestrator.workflows.plan import Plan, Wish, plan
from remote_payload.contract.words import Stage
from tests.against.conftest import MINE, QUICK, SLOW, Repository

STAGES = (Stage.BUILD, Stage.CHECK, Stage.BENCH)


def wished(here: Path, users: Sequence[UsersProvider], **changes: object) -> Plan:
    """What `--against HEAD~1` makes of our usual providers and these."""
    given: dict[str, object] = {"user_providers": tuple(users), "against": "HEAD~1", **changes}
    wish = Wish(stages=STAGES, **given)  # type: ignore[arg-type]
    return raced(plan(wish, here), wish, here, here)


def of_operator(here: Path, *users: UsersProvider, **changes: object) -> Plan:
    own = choose("op.py", here, ()).own
    assert own is not None
    return wished(here, users, operator=own.name, own=own, **changes)


def files(found: Plan, below: str) -> dict[str, bytes]:
    return {
        path.removeprefix(f"{below}/"): given if isinstance(given, bytes) else given.read_bytes()
        for path, given in found.extra
        if path.startswith(f"{below}/")
    }


def test_that_all_that_a_file_imports_from_beside_itself_comes_as_it_was(
    repository: Callable[[], Repository],
) -> None:
    checkout = repository()
    then = checkout.git("rev-parse", "HEAD~1")[:7]
    checkout.write({"k/mine.py": MINE + "# not committed\n"})
    found = of_operator(checkout.root, UsersProvider("mine", "k/mine.py:softmax"))
    mine, twin = found.request.providers
    assert (mine.name, mine.against, mine.required) == ("mine", f"mine@{then}", True)
    assert (twin.target, twin.required) == (f"providers/mine@{then}/mine.py:softmax", False)
    assert found.request.against == "HEAD~1"
    assert files(found, "providers/mine") == {
        "mine.py": MINE.encode() + b"# not committed\n",
        "part.py": SLOW.encode(),
    }
    was = {"mine.py": MINE.encode(), "part.py": QUICK.encode()}
    assert files(found, f"providers/mine@{then}") == was


def test_that_a_whole_folder_comes_as_it_was(repository: Callable[[], Repository]) -> None:
    checkout = repository()
    then = checkout.git("rev-parse", "HEAD~1")[:7]
    found = of_operator(checkout.root, UsersProvider("mine", "k/:mine.py:softmax"))
    assert found.request.providers[1].target == f"providers/mine@{then}/mine.py:softmax"
    assert set(files(found, f"providers/mine@{then}")) == {"mine.py", "part.py", "same.py"}


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("k/same.py:soft", SAME),
        ("fresh.py:soft", "there is no fresh.py at HEAD~1"),
        (
            "some.module:soft",
            "some.module is a module of the host, of which git here knows nothing",
        ),
    ],
)
def test_that_who_cannot_be_raced_is_told_why_by_the_run_itself(
    repository: Callable[[], Repository], target: str, why: str
) -> None:
    checkout = repository()
    checkout.write({"fresh.py": QUICK})
    found = of_operator(checkout.root, UsersProvider("mine", target))
    mine, twin = found.request.providers
    assert mine.against == twin.name
    assert twin.absent.startswith(why)
    assert not files(found, f"providers/{twin.name}")


def test_that_a_link_to_a_file_comes_as_that_file_and_one_out_of_the_folder_is_refused(
    repository: Callable[[], Repository],
) -> None:
    checkout = repository()
    (checkout.root / "k" / "linked.py").symlink_to("part.py")
    (checkout.root / "k" / "uses.py").write_text(MINE.replace("part", "linked"))
    checkout.commit({})
    uses = UsersProvider("mine", "k/uses.py:softmax")
    found = of_operator(checkout.root, uses, against="HEAD")
    assert found.request.providers[1].absent == SAME
    then = checkout.git("rev-parse", "HEAD")[:7]
    checkout.write({"k/uses.py": MINE.replace("part", "linked") + "# now\n"})
    found = of_operator(checkout.root, uses, against="HEAD")
    assert files(found, f"providers/mine@{then}")["linked.py"] == SLOW.encode()


def test_that_our_kernel_is_built_of_both_and_its_face_is_that_of_now(tmp_path: Path) -> None:
    checkout = Repository(tmp_path / "project")
    shutil.copytree(Path(__file__).parents[2] / "csrc", checkout.root / "csrc")
    then = checkout.commit({"remote_payload/x.py": ""})
    checkout.write({"csrc/attention/params.h": "// changed\n"})
    found = wished(checkout.root, (), against="HEAD")
    by_name = {one.name: one for one in found.request.providers}
    assert by_name["sparsek"].against == f"sparsek@{then}"
    assert by_name["sdpa"].against == ""
    twin = by_name[f"sparsek@{then}"]
    assert (twin.target, twin.sources, twin.known_as) == (None, "before", "sparsek")
    assert files(found, "before/csrc")["attention/params.h"] != b"// changed\n"
    checkout.git("checkout", "--", "csrc")
    same = wished(checkout.root, (), against="HEAD").request.providers[-1]
    assert (same.absent, same.known_as) == (SAME, "sparsek")
    checkout.write({"mine.py": MINE, "part.py": SLOW})
    checkout.commit({})
    checkout.write({"part.py": QUICK})
    users = (UsersProvider("mine", "mine.py:softmax"),)
    names = [one.name for one in wished(checkout.root, users, against="HEAD").request.providers]
    assert not [one for one in names if one.startswith("sparsek@")], "nobody asked about ours"


def test_that_what_has_no_provider_to_change_is_refused_with_the_way_out(
    repository: Callable[[], Repository],
) -> None:
    checkout = repository()
    with pytest.raises(UsageError, match="no provider that a revision could change") as refused:
        of_operator(checkout.root)
    assert "--provider mine=path.py:function" in (refused.value.hint or "")
    mine = UsersProvider("mine", "k/mine.py:softmax")
    with pytest.raises(UsageError, match="--against HEAD~9: git knows no such revision"):
        of_operator(checkout.root, mine, against="HEAD~9")
    with pytest.raises(UsageError, match="both say whom verdicts compare with"):
        of_operator(checkout.root, mine, baseline="mine")


def test_that_a_baseline_has_to_be_in_the_run(repository: Callable[[], Repository]) -> None:
    checkout = repository()
    mine = UsersProvider("mine", "k/mine.py:softmax")
    assert (
        of_operator(checkout.root, mine, against=None, baseline="mine").request.baseline == "mine"
    )
    with pytest.raises(
        UsageError, match="--baseline nobody: this run has no provider of that name"
    ):
        wished(checkout.root, (mine,), against=None, baseline="nobody")


def test_that_a_submodule_is_no_part_of_a_file_and_is_refused_in_a_folder(
    repository: Callable[[], Repository], tmp_path: Path
) -> None:
    checkout, inner = repository(), Repository(tmp_path / "inner")
    inner.commit({"x.py": QUICK})
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root))
    checkout.git(*add, "k/inner")
    checkout.commit({})
    checkout.write({"k/part.py": QUICK})
    found = of_operator(checkout.root, UsersProvider("mine", "k/mine.py:softmax"), against="HEAD")
    assert found.request.providers[1].absent == ""
    with pytest.raises(UsageError, match="k/inner is a git submodule there"):
        of_operator(checkout.root, UsersProvider("mine", "k/:mine.py:softmax"), against="HEAD")
