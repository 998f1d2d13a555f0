"""The run store on a real directory."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from orchestrator.errors import ExitCode, RunError
from orchestrator.store.runs.naming import RUN_ID
from orchestrator.store.runs.run_store import RunStore, new_run_id
from orchestrator.values.job import Ending, JobEnd
from orchestrator.values.price import Charge, Price
from orchestrator.values.run import RunCard
from remote_payload.contract import codec
from remote_payload.contract.request import Request
from remote_payload.contract.result import Result
from remote_payload.contract.words import SCHEMA, Status

REQUEST = Request("", "feed", (), (), ())


def card(run_id: str) -> RunCard:
    return RunCard(
        run_id,
        "bench",
        "h100",
        "~/w",
        "feed",
        "orchestrator bench",
        "2026-11-22T10:15:30Z",
        "0.1.0",
    )


def finish(store: RunStore, run_id: str, status: Status = Status.OK) -> Path:
    folder = store.folder(store.create(card(run_id), REQUEST).run_id)
    result = Result(store.request(folder), status, "", "2026", "2026")
    codec.write_atomic(folder / "result.json", codec.dumps(result))
    return folder


def test_run_ids_sort_by_time_and_can_be_read_aloud() -> None:
    moment = datetime(2026, 11, 22, 10, 15, 30)
    assert new_run_id(moment, "My Pod #2", "bench") == "20261122-101530-my-pod-2-bench"
    assert new_run_id(moment, "ü", "check") == "20261122-101530-host-check"


def test_a_taken_run_id_gets_a_number(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    assert [store.create(card("a"), REQUEST).run_id for _ in range(3)] == ["a", "a-2", "a-3"]
    assert store.request(tmp_path / "a-3").run_id == "a-3"


def test_runs_that_are_named_alike_at_once_get_folders_and_marks_of_their_own(
    tmp_path: Path,
) -> None:
    """As two laptops make them that share a home."""
    store = RunStore(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: store.create(card("a"), REQUEST), range(24)))
    assert len({one.run_id for one in made}) == len({one.owner for one in made}) == 24
    for one in made:
        claim = store.claim(store.folder(one.run_id))
        assert (claim.run_id, claim.owner, claim.host) == (one.run_id, one.owner, "h100")
        assert claim.request == store.request(store.folder(one.run_id))


def test_a_card_of_before_there_were_marks_is_read(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    document = json.loads((folder / "run.json").read_text())
    del document["owner"]
    (folder / "run.json").write_text(json.dumps(document))
    assert store.load(folder).card.owner == ""
    assert store.claim(folder).owner == ""
    (folder / "request.json").write_text("{")
    assert store.claim(folder).request is None


def test_a_card_with_a_name_that_is_none_makes_no_claim(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    document = json.loads((folder / "run.json").read_text())
    for name in ("../a", "", ".", "a b"):
        (folder / "run.json").write_text(json.dumps({**document, "run_id": name}))
        with pytest.raises(RunError, match=r"run\.json: run_id: .* is no run id"):
            store.claim(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"run_id": "b"},
        {"snapshot": "beef"},
        {"stages": ["check"]},
        {"providers": [{"name": "sdpa", "target": None, "required": False}]},
    ],
    ids=str,
)
def test_a_result_of_another_request_is_refused_and_left_as_it_is(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    document = json.loads((folder / "result.json").read_text())
    document["request"].update(changes)
    (folder / "result.json").write_text(json.dumps(document))
    with pytest.raises(RunError, match="this is the result of another run") as error:
        store.load(folder)
    assert next(iter(changes)) in error.value.message
    assert "orchestrator attach a" in error.value.hint
    assert json.loads((folder / "result.json").read_text()) == document


@pytest.mark.parametrize("left", ["", "{"])
@pytest.mark.parametrize("changes", [{"run_id": "b"}, {"snapshot": "beef"}], ids=str)
def test_a_result_of_another_run_is_refused_also_where_what_was_asked_is_gone(
    tmp_path: Path, changes: dict[str, str], left: str
) -> None:
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    (folder / "request.json").write_text(left)
    assert store.load(folder).result, "its own is read"
    document = json.loads((folder / "result.json").read_text())
    document["request"].update(changes)
    (folder / "result.json").write_text(json.dumps(document))
    with pytest.raises(RunError, match=f"{next(iter(changes))} is .* of another run"):
        store.load(folder)


def test_an_id_stays_one_that_hosts_are_believed_however_long_a_hosts_name_is() -> None:
    assert RUN_ID.fullmatch(new_run_id(datetime(2026, 11, 22), "x" * 300, "bench"))


def test_a_run_is_found_by_id_prefix_latest_and_path(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    for name in ("20260101-a", "20260102-b", "20260102-b-2"):
        finish(store, name)
    assert store.resolve("20260101").name == "20260101-a"
    assert store.resolve("20260102-b").name == "20260102-b"
    assert store.resolve("latest").name == "20260102-b-2"
    assert store.resolve(str(tmp_path / "20260101-a")).name == "20260101-a"


@pytest.mark.parametrize("reference", ["2026", "nothing", "../etc", ""])
def test_a_reference_that_names_no_single_run_is_refused(tmp_path: Path, reference: str) -> None:
    store = RunStore(tmp_path)
    finish(store, "20260101-a")
    finish(store, "20260102-b")
    with pytest.raises(RunError):
        store.resolve(reference)


def test_without_any_run_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(RunError) as error:
        RunStore(tmp_path / "none").resolve("latest")
    assert "orchestrator profile" in error.value.hint


def test_a_pending_run_has_no_result(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.create(card("a"), REQUEST)
    assert store.load(tmp_path / "a").result is None


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (Ending.TIMEOUT, Status.TIMEOUT),
        (Ending.CANCELLED, Status.CANCELLED),
        (Ending.RUNNER_KILLED, Status.FAILED),
    ],
)
def test_a_result_that_was_cut_short_says_how(
    tmp_path: Path, ending: Ending, status: Status
) -> None:
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    store.record_end(folder, JobEnd(ending, None))
    result = store.load(folder).result
    assert result is not None
    assert result.status is status
    assert result.reason.startswith("the job was ") or "limit" in result.reason


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda text: text[: len(text) // 2], "result.json: not valid JSON"),
        (lambda text: "", "result.json: not valid JSON"),
        (lambda text: "[]", "result.json: not valid JSON"),
        (lambda text: text.replace('"ok"', '"fine"'), "result.json: status: expected one of 'ok'"),
        (lambda text: text.replace('"bench": []', '"bench": 7'), "bench: expected a list"),
    ],
)
def test_a_corrupt_result_names_file_and_key_and_is_left_as_it_is(
    tmp_path: Path, damage: object, complaint: str
) -> None:
    assert callable(damage)
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    damaged = damage((folder / "result.json").read_text())
    (folder / "result.json").write_text(damaged)
    with pytest.raises(RunError) as error:
        store.load(folder)
    assert complaint in error.value.message
    assert error.value.exit_code is ExitCode.USAGE
    assert (folder / "result.json").read_text() == damaged


def test_bytes_that_are_not_text_are_a_clear_error(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    (folder / "result.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match=r"result\.json"):
        store.load(folder)


def test_a_schema_newer_than_ours_says_update(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    document = json.loads((folder / "result.json").read_text())
    document |= {"schema": SCHEMA + 1, "something_new": True}
    (folder / "result.json").write_text(json.dumps(document))
    with pytest.raises(RunError, match=f"schema {SCHEMA + 1}") as error:
        store.load(folder)
    assert "Update" in error.value.hint


def test_only_run_directories_are_ever_removed(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    folder = finish(store, "a")
    (tmp_path / "precious").mkdir()
    with pytest.raises(RunError, match="nothing was deleted"):
        store.remove(tmp_path / "precious")
    store.remove(folder)
    assert not folder.exists()
    assert (tmp_path / "precious").exists()


CHARGE = Charge(3.29, 340.0, "NVIDIA H100 80GB HBM3", 1)


def test_charges_are_added_and_read_back(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    assert store.load(folder).price is None
    store.add_charge(folder, CHARGE)
    store.add_charge(folder, None)
    assert store.add_charge(folder, CHARGE) == Price((CHARGE, CHARGE), unpriced=1)
    assert store.load(folder).price == Price((CHARGE, CHARGE), unpriced=1)
    assert {path.name for path in folder.iterdir()} == {
        "run.json",
        "request.json",
        "result.json",
        "price.json",
    }


def test_charges_of_many_commands_at_once_are_all_kept(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    program = (
        "import sys; from pathlib import Path; from orchestrator.store.runs.run_store import RunStore;"
        "from orchestrator.values.price import Charge;"
        "[RunStore(Path(sys.argv[1])).add_charge(Path(sys.argv[1], 'a'), Charge(1.0, 1.0))"
        " for _ in range(10)]"
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    started = [subprocess.Popen(words) for _ in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    price = store.load(folder).price
    assert price is not None
    assert price.commands == 30


def test_a_damaged_price_hides_no_run_and_is_never_written_over(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    folder = finish(store, "a")
    (folder / "price.json").write_text('{"charges": 7}')
    run = store.load(folder)
    assert run.result is not None
    assert run.price is None
    assert run.price_problem == "price.json: charges: expected a list, got int"
    with pytest.raises(RunError, match="expected a list"):
        store.add_charge(folder, CHARGE)
    assert (folder / "price.json").read_text() == '{"charges": 7}'


def test_a_store_says_which_run_it_has_made(tmp_path: Path) -> None:
    made: list[Path] = []
    store = RunStore(tmp_path, made.append)
    store.create(card("a"), REQUEST)
    store.create(card("a"), REQUEST)
    assert made == [tmp_path / "a", tmp_path / "a-2"]
    assert store == RunStore(tmp_path)
