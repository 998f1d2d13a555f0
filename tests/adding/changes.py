"""Each thing that CONTRIBUTING tells how to add, as what it takes in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAYLOAD, LOCAL = "remote_payload", "orchestrator"
_AT_ONCE = Path(__file__).parents[1] / "launch" / "at_once.py"


@dataclass(frozen=True)
class Change:
    """new: text by path. edits: (path, what stands there, what stands there then)."""

    new: tuple[tuple[str, str], ...] = ()
    edits: tuple[tuple[str, str, str], ...] = ()

    @property
    def places(self) -> set[str]:
        """Folders that are new, and files that are edited: what a colleague has to find."""
        return {_place(path) for path, _ in self.new} | {path for path, _, _ in self.edits}

    def make(self, root: Path) -> None:
        """Do it to the tree at `root`."""
        for path, text in self.new:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, "utf-8")
        for path, old, new in self.edits:
            text = (root / path).read_text("utf-8")
            assert text.count(old) == 1, (path, old)
            (root / path).write_text(text.replace(old, new), "utf-8")


def _place(path: str) -> str:
    """A folder of a stage or an operator is one place, whatever it holds."""
    folder = path.rpartition("/")[0]
    return folder if folder.endswith("/census") else path


STAGE = Change(
    new=(
        (f"{PAYLOAD}/stages/census/__init__.py", '"""The stage census."""\n'),
        (
            f"{PAYLOAD}/stages/census/declared.py",
            '"""What the stage census needs."""\n\n'
            "from remote_payload.contract.words import Stage\n"
            "from remote_payload.stages.declaration import Declaration\n\n"
            "DECLARED = Declaration(Stage.CENSUS)\n",
        ),
        (
            f"{PAYLOAD}/stages/census/stage.py",
            '"""The census stage: how many passed their check."""\n\n'
            "from remote_payload.contract.words import Status\n"
            "from remote_payload.stages.scene import Outcome\n\n\n"
            "def act(scene):\n"
            "    passed = [c for c in scene.draft.result.checks if c.status is Status.OK]\n"
            '    return Outcome(Status.OK, facts=(("passed", str(len(passed))),))\n',
        ),
    ),
    edits=(
        (
            f"{PAYLOAD}/contract/words.py",
            '    TRACE = "trace"\n',
            '    TRACE = "trace"\n    CENSUS = "census"\n',
        ),
    ),
)
VERB = Change(
    new=(
        (
            f"{LOCAL}/cli/verbs/measure/census.py",
            '"""census: count who passes."""\n\n'
            "import click\n\n"
            "from orchestrator.cli.given import run_options\n"
            "from orchestrator.cli.running import run_stages\n"
            "from orchestrator.cli.verb import Verb\n"
            "from remote_payload.contract.words import Stage\n\n"
            'VERB = Verb("census", "Count who passes.", 45)\n\n\n'
            "@click.command()\n"
            "@run_options.measure_options\n"
            "@click.pass_obj\n"
            "def census(session, /, **given):\n"
            '    """Count who passes.\n\n'
            "    \\b\n"
            "    Example:\n"
            "      orchestrator census\n"
            '    """\n'
            '    return run_stages(session, "census", (Stage.CHECK, Stage.CENSUS), given)\n',
        ),
    ),
)
PROVIDER = Change(
    edits=(
        (
            f"{PAYLOAD}/operators/copy/definition.py",
            "PROVIDERS = (\n",
            'PROVIDERS = (\n    ProviderFacts("twice", "copied, and copied again", Role.RIVAL),\n',
        ),
        (
            f"{PAYLOAD}/operators/copy/tensors.py",
            "    if name == BASELINE:\n",
            '    if name == "twice":\n'
            '        return torch_provider.eager(lambda x: x.clone().clone(), "two clones")\n'
            "    if name == BASELINE:\n",
        ),
    ),
)
DTYPE = Change(
    edits=(
        (
            f"{PAYLOAD}/contract/dtypes.py",
            '    FP8_E5M2 = "fp8_e5m2"\n',
            '    FP8_E5M2 = "fp8_e5m2"\n    FP8_FNUZ = "fp8_fnuz"\n',
        ),
        (
            f"{PAYLOAD}/contract/dtypes.py",
            '    DType.FP8_E5M2: Row("float8_e5m2", 1, 3, -14, 2.0),\n',
            '    DType.FP8_E5M2: Row("float8_e5m2", 1, 3, -14, 2.0),\n'
            '    DType.FP8_FNUZ: Row("float8_e4m3fnuz", 1, 4, -7, 0.0),\n',
        ),
        # Which of them it takes is for each operator to say.
        (
            f"{PAYLOAD}/operators/copy/definition.py",
            "dtypes=(DType.FP32, DType.FP16, DType.BF16),",
            "dtypes=(DType.FP32, DType.FP16, DType.BF16, DType.FP8_FNUZ),",
        ),
    ),
)
METRIC = Change(
    edits=(
        (
            f"{LOCAL}/readers/ncu/quantities/metrics.py",
            '        "issue_slots": ISSUE_SLOTS,\n',
            '        "issue_slots": ISSUE_SLOTS,\n'
            '        "sectors": telling(\n'
            '            asked("Sectors read", "lts__t_sectors_op_read.sum", "sector", SUM), "sectors"\n'
            "        ),\n",
        ),
    ),
)
LAUNCHER = Change(
    new=(
        (
            f"{LOCAL}/launch/at_once.py",
            _AT_ONCE.read_text("utf-8")
            .replace("from orchestrator.launch.choose import Way\n", "")
            .replace("\n\nWAY = Way(make, command)\n", ""),
        ),
    ),
    edits=(
        (
            f"{LOCAL}/values/host.py",
            '    DETACHED = "detached"\n',
            '    DETACHED = "detached"\n    AT_ONCE = "at_once"\n',
        ),
        (
            f"{LOCAL}/launch/choose.py",
            "    LauncherKind.DETACHED: Way(detached.DetachedLauncher, detached.job_agent),\n",
            "    LauncherKind.DETACHED: Way(detached.DetachedLauncher, detached.job_agent),\n"
            "    LauncherKind.AT_ONCE: Way(at_once.make, at_once.command),\n",
        ),
        (
            f"{LOCAL}/launch/choose.py",
            "from orchestrator.launch import detached\n",
            "from orchestrator.launch import at_once, detached\n",
        ),
    ),
)
CHANGES = {
    "a stage": STAGE,
    "a provider": PROVIDER,
    "a metric": METRIC,
    "a verb": VERB,
    "a dtype": DTYPE,
    "a launcher": LAUNCHER,
}
