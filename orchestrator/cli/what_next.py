"""The step that makes sense after a run, as it stands: read, look into, follow or mend."""

from __future__ import annotations

from orchestrator.model.run import Run
from remote_payload.contract import Stage, Status


def after(run: Run) -> str:
    """The command that comes next.

    attach while it may go on, doctor where the host lacked something, the log of what failed; and
    where all went well the report, or after a build alone the first measurement.
    """
    run_id, result = run.card.run_id, run.result
    if result is None:
        return f"orchestrator {'logs' if run.end else 'attach'} {run_id}"
    if result.unfit:
        return f"orchestrator doctor {run.card.host}"
    if result.status is not Status.OK:
        return f"orchestrator logs {run_id}"
    if set(result.request.stages) == {Stage.BUILD}:
        return f"orchestrator profile --host {run.card.host}"
    return f"orchestrator report {run_id}"
