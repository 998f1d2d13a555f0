"""A run as it stands when it has come home, with everything bound to it."""

from __future__ import annotations

from pathlib import Path

from orchestrator.store.runs import binding
from orchestrator.store.runs.run_store import RunStore
from orchestrator.values.job import Ending, JobEnd
from orchestrator.values.run import Run
from remote_payload.contract import codec
from remote_payload.contract.result import Result
from tests.report import synthetic

ARTIFACTS = {"artifacts/ncu/sdpa.csv": "a,b\n", "artifacts/trace/sparsek.sass": "EXIT ;\n"}


def home(store: RunStore, result: Result | None = None, ending: Ending = Ending.EXIT) -> Path:
    """The folder of a run whose job ended, whose files came, and of which all of that was noted."""
    result = result or synthetic.gpu_result()
    made = store.create(synthetic.run(None).card, result.request)
    folder = store.folder(made.run_id)
    request = store.request(folder)
    files = {"log.txt": "spoke\n", **ARTIFACTS}
    files["result.json"] = codec.dumps(Result(**{**vars(result), "request": request}))
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    came = [binding.lies_there(folder, path) for path in files]
    store.record_end(folder, JobEnd(ending, 0), came)
    return folder


def looked_at(store: RunStore, folder: Path) -> Run:
    """The run, with every file of its folder looked at."""
    return binding.examined(store.load(folder), folder)


def told(run: Run) -> list[str]:
    return [f"{one.path} {one.how}" for one in run.changed]
