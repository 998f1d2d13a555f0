"""What a task says is read at home, and what is wrong with it is told there."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.workflows.plan import Wish, plan
from orchestrator.workflows.problems import recognise
from remote_payload.contract.words import Stage
from tests.problems_gpumode.tasks import SAMPLES, own

HOSTILE = SAMPLES.parent / "hostile" / "gpumode"
PLAIN = (HOSTILE / "plain" / "task.yml").read_text("utf-8")
# The hostile task, and what is said of it.
WRONG = {
    "alias_of_itself": "nested too deeply",
    "axis_deep": "nested too deeply",
    "axis_nan": "tests[0].n: .nan is no finite number",
    "axis_number_as_key": "tests[0]: '7' cannot be the name of an axis",
    "axis_of_code": "cannot be the name of an axis",
    "billion_laughs": "more than 20,000 values",
    "billion_laughs_in_axes": "more than 20,000 values",
    "blank": "task.yml: expected an object, got nothing",
    "broken": "not YAML",
    "duplicate_axis": "tests[0].n: written twice",
    "duplicate_keys": "lang: written twice",
    "empty": "task.yml: expected an object, got nothing",
    "files_mapping": "files: expected a list, got an object",
    "files_same_name": "files[2].name: 'reference.py' is there twice",
    "files_text": "files[1]: expected an object, got 'task.py'",
    "files_two_submissions": "files[1]: a second @SUBMISSION@",
    "files_without_source": "files[1]: there is no 'source' in it",
    "lang_number": "lang: expected a text, got 7",
    "lang_unknown": "lang: 'cu' is another language",
    "list": "task.yml: expected an object, got a list of 1",
    "missing_files": "there is no reference.py beside missing_files/task.yml",
    "multi_gpu_text": "multi_gpu: expected true or false, got 'perhaps'",
    "name_absolute": "files[1].name: the path '/tmp/evil.py' leads out of its folder",
    "name_number": "files[1].name: expected a text, got 7",
    "name_up": "files[1].name: the path '../../evil.py' leads out of its folder",
    "not_utf8": "not UTF-8 text",
    "nul_bytes": "not YAML",
    "python_tag_name": "config.main: YAML tags",
    "ranking_list": "ranking_by: expected one of last, mean, geom, got a list of 1",
    "ranking_unknown": "ranking_by: expected one of last, mean, geom, got 'median'",
    "reference_does_not_parse": "reference.py:1: no Python: '(' was never closed",
    "seed_huge": "tests[0].seed: a whole number of more than 64 bits",
    "seed_text": "tests[0].seed: expected a whole number, got 'one'",
    "source_absolute": "files[1].source: '/etc/passwd' leads out of the folders around the task",
    "source_device": "files[1].source: '/dev/zero' leads out of the folders around the task",
    "source_folder": "files[1].source: there is no file '.'",
    "source_missing": "files[1].source: there is no file 'not_there.py'",
    "source_nul": "files[1].source: 'ta\\x00sk.py' cannot be the path of a file",
    "source_up": "leads out of the folders around the task",
    "source_url": "files[1].source: there is no file 'https://example.invalid/task.py'",
    "tabs": "a tab in the indentation",
    "test_is_a_list": "tests[0]: expected an object, got a list of 2",
    "test_null": "tests[0]: expected an object, got nothing",
    "tests_mapping": "tests: expected a list, got an object",
    "tests_text": "tests: expected a list, got ",
    "text": "task.yml: expected an object, got 'just a text'",
    "timeout_bool": "test_timeout: expected a number of seconds above 0",
    "timeout_infinite": "test_timeout: .inf is no finite number",
    "timeout_negative": "test_timeout: expected a number of seconds above 0, got -5",
    "timeout_text": "test_timeout: expected a number of seconds above 0, got 'soon'",
    "two_documents": "a second document begins",
    "unknown_tag": "description: YAML tags (!secret)",
}


@pytest.mark.parametrize("name", WRONG)
def test_that_a_broken_task_is_refused_with_its_key(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        own(HOSTILE / name)
    assert WRONG[name] in str(raised.value)


def written(folder: Path, text: str, *left_out: str) -> Path:
    """The harmless task with another task.yml, two folders below the test's own."""
    task = folder / "checkout" / "problems" / "plus_one"
    shutil.copytree(HOSTILE / "plain", task, ignore=shutil.ignore_patterns(*left_out))
    (task / "task.yml").write_text(text, "utf-8")
    return task


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("multi_gpu: true\n", "multi_gpu: this task is for several GPUs at once"),
        (
            "benchmark_timeout: 0\n",
            "benchmark_timeout: expected a number of seconds above 0, got 0",
        ),
    ],
)
def test_that_what_a_run_cannot_do_is_one_clear_sentence(
    given: str, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"^task\.yml: ") as raised:
        own(written(tmp_path, PLAIN + given))
    assert expected in str(raised.value)


@pytest.mark.parametrize("case", ["[]", "null"])
def test_that_a_task_without_a_case_is_refused(case: str, tmp_path: Path) -> None:
    text = PLAIN.replace('  - {"n": 3, "seed": 1}', "").replace('  - {"n": 5, "seed": 2}', "")
    text = text.replace("tests:", f"tests: {case}").replace("benchmarks:", "benchmarks: []")
    with pytest.raises(UsageError, match="at least one case under `tests` or `benchmarks`"):
        own(written(tmp_path, text))


def test_that_keys_which_nobody_knows_are_passed_over(tmp_path: Path) -> None:
    assert own(written(tmp_path, PLAIN + "gpus: [H100]\nextra: {a: 1}\n")).name == "plus_one"


def test_that_merge_keys_are_written_out(tmp_path: Path) -> None:
    made = own(written(tmp_path, (HOSTILE / "merge_keys" / "task.yml").read_text("utf-8")))
    text = dict(made.extra)[made.target]
    assert isinstance(text, bytes)
    assert json.loads(text)["problem"]["tests"] == [{"n": 3, "seed": 9}]


@pytest.mark.parametrize("merged", ["7", "[7]", "[[]]"])
def test_that_only_mappings_are_merged(merged: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="<< takes a mapping, or a list of them"):
        own(written(tmp_path, PLAIN.replace('"n": 3', f"<<: {merged}")))


def test_that_a_task_that_names_no_files_takes_what_its_reference_imports(tmp_path: Path) -> None:
    text = PLAIN[PLAIN.index("lang:") :]
    task = written(tmp_path, text)
    (task / "unused.py").write_text("")
    inside = {place for place, _ in own(task).extra}
    assert {place.removeprefix("operators/plus_one/") for place in inside} == {
        "problem.json",
        "reference.py",
        "task.py",
    }


def test_that_a_link_out_of_the_checkout_is_no_file_of_the_task(tmp_path: Path) -> None:
    task = written(tmp_path, PLAIN, "task.py")
    (tmp_path / "secret.py").write_text("TOKEN = 1\n")
    (task / "task.py").symlink_to(tmp_path / "secret.py")
    with pytest.raises(UsageError, match=r"'task\.py' leads out of the folders around the task"):
        own(task)


def test_that_files_travel_by_their_names_to_the_reference_and_to_each_submission() -> None:
    task = SAMPLES / "rowsum"
    made = own(task, [task / "solutions" / "right.py"])
    assert dict(made.extra)["providers/right/submission.py"] == task / "solutions" / "right.py"
    names = {"task.py", "utils.py", "reference.py"}
    for folder, more in (
        ("operators/rowsum", "problem.json"),
        ("providers/right", "submission.py"),
    ):
        found = {place.rpartition("/")[2] for place, _ in made.extra if place.startswith(folder)}
        assert found == {*names, more}
    assert [(one.name, one.target, one.required) for one in made.providers] == [
        ("right", "providers/right/submission.py:custom_kernel", True)
    ]


def test_that_what_a_submission_imports_from_beside_itself_travels_with_it(tmp_path: Path) -> None:
    task = written(tmp_path, PLAIN)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "fast.py").write_text("import tuning, task\ndef custom_kernel(data): return data + 1\n")
    (mine / "tuning.py").write_text("")
    (mine / "task.py").write_text("raise SystemExit('that of the task is meant')\n")
    extra = dict(own(task, [mine / "fast.py"]).extra)
    assert extra["providers/fast/tuning.py"] == mine / "tuning.py"
    assert extra["providers/fast/task.py"] == (task / "task.py").resolve()


def test_that_two_submissions_of_one_name_are_refused(tmp_path: Path) -> None:
    right = SAMPLES / "rowsum" / "solutions" / "right.py"
    (tmp_path / "right.py").write_bytes(right.read_bytes())
    with pytest.raises(UsageError, match="two candidates are called right"):
        own(SAMPLES / "rowsum", [right, tmp_path / "right.py"])


def test_that_the_tasks_limits_hold_unless_the_user_gives_one() -> None:
    made = own(SAMPLES / "rowsum")
    wish = Wish((Stage.CHECK,), operator=made.name, own=made)
    assert plan(wish, Path()).request.check.case_limit_s == 180.0
    wish = replace(wish, case_limit_s=7.0)
    assert plan(wish, Path()).request.check.case_limit_s == 7.0


def test_that_the_ranking_travels_with_the_cases() -> None:
    made = own(SAMPLES / "axpby_into" / "task.yml")
    text = dict(made.extra)[made.target]
    assert isinstance(text, bytes)
    assert json.loads(text)["problem"]["ranking_by"] == "last"


def test_that_a_task_is_known_by_its_folder_and_by_its_file() -> None:
    for path in (SAMPLES / "rowsum", SAMPLES / "rowsum" / "task.yml"):
        assert recognise.format_of(path) == "gpumode"
