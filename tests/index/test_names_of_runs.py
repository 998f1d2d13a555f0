"""What a run may be called: by host, by tag, by a git revision; and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import RunError, RunUnknown
from orchestrator.here.committed import commit
from orchestrator.store.runs import labels
from orchestrator.store.runs.naming import Latest, latest
from orchestrator.workflows.jobs.latest import TO_REPORT, WAS_TO_TIME, resolve
from tests.index.kept import COMMITS, Runs, at, edited
from tests.store.trees import git


@pytest.fixture(params=["by the cards", "by the index"])
def some(request: pytest.FixtureRequest, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Six runs on two hosts, of three commits; away from any checkout."""
    monkeypatch.chdir(runs.root.parent)
    for day, host, verb, at_commit, is_clean, tags in (
        (1, "h100", "bench", 0, True, ("paper",)),
        (2, "b200", "bench", 0, False, ()),
        (3, "h100", "check", 1, None, ("both", "20261103")),
        (4, "h100", "bench", 2, True, ("both",)),
        (5, "b200", "bench", 1, True, ()),
        (6, "h100", "check", 1, False, ("20261101-101530-h100-bench",)),
    ):
        made = runs.made(
            f"202611{day:02d}-101530-{host}-{verb}", revisions=at(COMMITS[at_commit], is_clean)
        )
        assert made.run_id.startswith(f"202611{day:02d}")
        _tag(runs, made.run_id, tags)
    if request.param == "by the index":
        assert len(runs.entries()) == 6
    return runs


def _tag(runs: Runs, name: str, tags: tuple[str, ...]) -> None:
    labels.tag(runs.store.folder(name), tags)


@pytest.mark.parametrize(
    ("reference", "day"),
    [
        ("latest", 6),
        ("latest~1", 5),
        ("latest@h100", 6),
        ("latest@b200", 5),
        ("latest@h100~1", 4),
        ("latest:bench", 5),
        ("latest:bench@h100", 4),
        ("latest:bench@h100~1", 1),
        ("20261104", 4),
        ("20261103", 3),
        ("paper", 1),
        (COMMITS[0], 1),
        (COMMITS[0][:7], 1),
        (COMMITS[1][:4], 5),
        (COMMITS[2][:12], 4),
        ("20261101-101530-h100-bench", 1),
    ],
)
def test_that_each_form_means_one_run(some: Runs, reference: str, day: int) -> None:
    """At a commit the last run whose tree was clean; an id before a tag that is called so."""
    for found in (some.store.resolve(reference), some.store.named(reference)):
        assert found.name.startswith(f"202611{day:02d}")


@pytest.mark.parametrize(
    ("reference", "complaint"),
    [
        ("both", "'both' is a tag of 2 runs: 20261103-101530-h100-check, 20261104"),
        ("202611", "'202611' fits 6 runs: "),
        ("latest@a100", "no run on a100 under .*, only on b200, h100"),
        ("latest:check@b200", "no run of check on b200 under .*, only 2 of bench"),
        ("latest@b200~2", "there are 2 runs on b200, the oldest is latest@b200~1"),
        ("latest~1@h100", "expected latest~N, latest:VERB"),
        ("latest@", "expected latest~N"),
        ("latest@h100:bench", "expected latest~N"),
        ("nothing", "no run 'nothing' under"),
        ("dead", "no run 'dead' under"),
        ("--all", "'--all' is no run: expected a run's id"),
        ("a..b", "no run 'a..b'"),
        ("HEAD", "no run 'HEAD'"),
    ],
)
def test_that_what_means_no_run_or_several_is_refused(
    some: Runs, reference: str, complaint: str
) -> None:
    with pytest.raises(RunError, match=complaint):
        some.store.named(reference)


def test_that_a_word_that_begins_a_run_and_is_the_tag_of_another_is_refused(some: Runs) -> None:
    _tag(some, "20261105-101530-b200-bench", ("20261106",))
    with pytest.raises(RunError, match=r"more than one thing: .* begins so 20261106-"):
        some.store.named("20261106")


def test_that_a_commit_that_two_names_begin_with_is_refused(some: Runs) -> None:
    some.made("20261107-101530-h100-bench", revisions=at("aaaab" + "0" * 35))
    with pytest.raises(RunError, match="beginning of 2 commits that runs were made at: aaaaa"):
        some.store.named("aaaa")
    assert some.store.named("aaaab").name.startswith("20261107")


def test_that_git_is_asked_for_revisions_by_name(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "project"
    here.mkdir()
    git(here, "init", "-q", "-b", "main")
    names = []
    for number in range(3):
        (here / "a").write_text(str(number))
        git(here, "add", ".")
        git(here, "commit", "-qm", "a change")
        names.append(_head(here))
    git(here, "branch", "fix/a", "HEAD~1")
    git(here, "tag", "v1", "HEAD~2")
    for day, number in ((1, 0), (2, 0), (3, 1)):
        runs.made(f"202611{day:02d}-101530-h100-bench", revisions=at(names[number], day != 2))
    monkeypatch.chdir(here)
    for reference, day in (("HEAD~1", 3), ("fix/a", 3), ("HEAD~2", 1), ("v1", 1), ("main~2", 1)):
        assert runs.store.resolve(reference).name.startswith(f"202611{day:02d}"), reference
        assert runs.store.named(reference).name.startswith(f"202611{day:02d}"), reference
    for reference in ("HEAD", "main"):
        with pytest.raises(RunUnknown, match=f"was made at '{reference}', commit {names[2][:12]}"):
            runs.store.resolve(reference)
    with pytest.raises(RunError, match="is no folder of a run"):
        runs.store.resolve("fix/b")


def _head(here: Path) -> str:
    return commit(here, "HEAD").digest


def test_that_a_revision_means_a_run_that_the_reader_can_use(runs: Runs) -> None:
    bench = runs.made("20261101-101530-h100-bench", revisions=at(COMMITS[0], False))
    deploy = runs.made("20261102-101530-h100-deploy", revisions=at(COMMITS[0], True))
    edited(runs.store.folder(deploy.run_id) / "request.json", stages=["build"])
    for kind in (TO_REPORT, WAS_TO_TIME):
        for reference in (COMMITS[0][:8], "latest", "latest@h100"):
            assert resolve(runs.store, reference, kind).name == bench.run_id
    assert runs.store.resolve(COMMITS[0][:8]).name == deploy.run_id


def test_that_a_damaged_run_may_be_that_of_any_host_and_is_not_passed_over(runs: Runs) -> None:
    runs.made("20261101-101530-h100-bench")
    damaged = runs.store.folder(runs.made("20261102-101530-h100-bisect").run_id)
    (damaged / "run.json").write_text("{")
    runs.made("20261103-101530-b200-bench")
    assert resolve(runs.store, "latest@h100", TO_REPORT) == damaged
    assert runs.store.resolve("latest@h100") == damaged
    assert runs.store.resolve("latest:bisect") == damaged, "its name says what it is"
    assert runs.store.resolve("latest:bench@h100").name.startswith("20261101")


def test_that_a_host_may_have_dots_and_dashes() -> None:
    assert latest("latest:bench@my-host.example~3") == Latest("bench", 3, "my-host.example")
    assert str(Latest("bench", 3, "my-host.example")) == "latest:bench@my-host.example~3"
