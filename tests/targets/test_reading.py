"""targets.yaml: what it may say, and what whoever wrote it wrong hears."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import InventoryError
from orchestrator.performance.targets.needs import gpus
from orchestrator.store.targets import reading
from orchestrator.store.targets.reading import Vocabulary
from remote_payload.contract.case import Case
from remote_payload.contract.dtypes import DType
from remote_payload.contract.facts import Targets, Tier
from remote_payload.contract.words import Method

WORDS = Vocabulary(gpus(), {"mylayer": "layer.py:Row"})
GOOD = """\
targets:
  headline:
    operator: attention
    case: B=16,heads=96,S=512,D=64
    dtype: fp16
    gpu: H100 SXM
    method: back_to_back
    unit: us/head
    tiers:
      baseline: <= 3.820
      goal: < 1.75
"""


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


WRONG = {
    "nothing": ("", "targets.yaml:1: the file is empty, expected a mapping with targets"),
    "a list": ("- a\n", "targets.yaml:1: expected a mapping with the key targets, got a list"),
    "no targets": ("targets:\n", "targets.yaml:1: targets: expected a mapping of targets by name"),
    "another key": ("target: {}\n", "targets.yaml:1: target: unknown key, expected one of targets"),
    "no mapping": (
        "targets:\n  headline: 3.0\n",
        "targets.yaml:2: targets.headline: expected a mapping with operator, dtype, gpu, method",
    ),
    "a misspelt key": (
        changed("method:", "metod: cold\n    method:"),
        "targets.yaml:7: targets.headline.metod: unknown key, expected one of operator, case",
    ),
    "no operator": (
        changed("    operator: attention\n", ""),
        "targets.yaml:2: targets.headline.operator: missing key, expected the name of an operator",
    ),
    "no dtype": (
        changed("    dtype: fp16\n", ""),
        "targets.yaml:2: targets.headline.dtype: missing key, expected fp16 or bf16",
    ),
    "no GPU": (
        changed("    gpu: H100 SXM\n", ""),
        "targets.yaml:2: targets.headline.gpu: missing key, expected a model of GPU",
    ),
    "no method": (
        changed("    method: back_to_back\n", ""),
        "targets.yaml:2: targets.headline.method: missing key, expected back_to_back or cold",
    ),
    "no unit": (
        changed("    unit: us/head\n", ""),
        "targets.yaml:2: targets.headline.unit: missing key, expected us/call, or the operator's",
    ),
    "no tiers": (
        GOOD[: GOOD.index("    tiers")],
        "targets.yaml:2: targets.headline.tiers: missing key, expected a mapping NAME: <= or <",
    ),
    "no case": (
        changed("    case: B=16,heads=96,S=512,D=64\n", ""),
        "targets.yaml:2: targets.headline.case: missing key: batch: its value is missing; axes of "
        "attention: B (batch), H (heads)",
    ),
    "an axis without a value": (
        changed("S=512", "S"),
        "targets.yaml:4: targets.headline.case: expected AXIS=VALUE, such as M=4096, got 'S'",
    ),
    "an axis twice": (
        changed("heads=96", "H=96,heads=96"),
        "targets.yaml:4: targets.headline.case: the axis H is given twice; a target is for one",
    ),
    "a range": (
        changed("S=512", "S=512..4096x2"),
        "targets.yaml:4: targets.headline.case: a target is for one case, got the range '512..",
    ),
    "an axis that there is not": (
        changed("S=512", "M=512"),
        "targets.yaml:4: targets.headline.case: M: attention has no such axis; it has B (batch)",
    ),
    "a case that no tensor can have": (
        changed("D=64", "D=512"),
        "targets.yaml:4: targets.headline.case: dim: expected 256 at most, got 512",
    ),
    "an axis beyond all tensors": (
        changed("S=512", "S=9999999999"),
        "targets.yaml:4: targets.headline.case: 9999999999 is too large; at most 2147483647",
    ),
    "an unknown dtype": (
        changed("fp16", "half"),
        "targets.yaml:5: targets.headline.dtype: expected one of fp16, bf16, fp32",
    ),
    "a dtype that the operator does not take": (
        changed("fp16", "int8"),
        "targets.yaml:4: targets.headline.case: dtype: attention takes fp16, bf16, fp32, got int8",
    ),
    "half the name of a GPU": (
        changed("H100 SXM", "H100"),
        "targets.yaml:6: targets.headline.gpu: expected a model of A100 SXM 80 GB",
    ),
    "an unknown method": (
        changed("back_to_back", "warm"),
        "targets.yaml:7: targets.headline.method: expected one of back_to_back, cold, graph, got",
    ),
    "another operator's unit": (
        changed("us/head", "us/row"),
        "targets.yaml:8: targets.headline.unit: expected us/call (all of a call) or us/head (that",
    ),
    "tiers that are a list": (
        changed("tiers:\n      baseline: <= 3.820\n      goal: < 1.75", "tiers: [3.0]"),
        "targets.yaml:9: targets.headline.tiers: expected a mapping NAME: <= or <",
    ),
    "a limit without < or <=": (
        changed("< 1.75", "1.75"),
        "targets.yaml:11: targets.headline.tiers.goal: expected <= or < and a number of µs, got",
    ),
    "a limit of nothing": (
        changed("< 1.75", "< 0"),
        "targets.yaml:11: targets.headline.tiers.goal: expected from 1e-06 to 1e+15 µs, got 0",
    ),
    "an empty limit": (
        changed("< 1.75", ""),
        "targets.yaml:11: targets.headline.tiers.goal: expected <= or < and a number of µs",
    ),
    "two tiers that differ in capitals": (
        changed("goal", "BaseLine"),
        "targets.yaml:11: targets.headline.tiers.BaseLine: called as baseline, but for capitals",
    ),
    "a tier twice": (changed("goal", "baseline"), "written twice, first in line 10"),
    "an empty provider": (
        changed("    unit", "    provider:\n    unit"),
        "targets.yaml:8: targets.headline.provider: expected the name of a provider",
    ),
    "two that are bound to the same": (
        GOOD + GOOD[len("targets:\n") :].replace("headline", "second"),
        "targets.yaml:12: targets.second: bound to the same as headline: operator, case, dtype",
    ),
    "an alias": (
        GOOD.replace("headline:", "headline: &a") + "  again: *a\n",
        "targets.yaml:12: targets.again: YAML aliases (*name) are not supported",
    ),
    "no YAML": ("targets: [\n", "not YAML"),
}


def load(tmp_path: Path, text: str) -> tuple[Targets, ...]:
    (tmp_path / "targets.yaml").write_text(text)
    return reading.load(tmp_path / "targets.yaml", WORDS)


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told_with_line_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    text, expected = WRONG[wrong]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InventoryError) as raised:
        load(tmp_path, text)
    assert expected in str(raised.value)
    assert raised.value.hint


def test_a_good_file_is_read_as_it_is_meant(tmp_path: Path) -> None:
    case = Case("attention", (("B", 16), ("H", 96), ("S", 512), ("D", 64)), DType.FP16)
    tiers = (Tier("baseline", 3.82, inclusive=True), Tier("goal", 1.75, inclusive=False))
    assert load(tmp_path, GOOD) == (
        Targets(case, "H100 SXM", Method.BACK_TO_BACK, tiers, "headline", "targets.yaml"),
    )


def test_several_cases_gpus_dtypes_methods_and_providers_stand_side_by_side(
    tmp_path: Path,
) -> None:
    one = GOOD[len("targets:\n") :]
    others = (
        one.replace("headline", "longer").replace("S=512", "S=4096"),
        one.replace("headline", "other gpu").replace("H100 SXM", "H200 SXM"),
        one.replace("headline", "other dtype").replace("fp16", "bf16"),
        one.replace("headline", "flushed").replace("back_to_back", "cold"),
        one.replace("headline", "theirs").replace("    unit", "    provider: sdpa\n    unit"),
    )
    found = load(tmp_path, GOOD + "".join(others))
    names = ["headline", "longer", "other gpu", "other dtype", "flushed", "theirs"]
    assert [each.name for each in found] == names
    assert found[-1].provider == "sdpa"


def test_a_gpu_goes_by_its_model_however_it_is_written_and_unknown_ones_by_their_name(
    tmp_path: Path,
) -> None:
    (known,) = load(tmp_path, changed("H100 SXM", "NVIDIA H100 80GB HBM3"))
    assert known.gpu == "H100 SXM"
    (unknown,) = load(tmp_path, changed("H100 SXM", "NVIDIA GB300"))
    assert unknown.gpu == "NVIDIA GB300"


@pytest.mark.parametrize("unit", ["us/call", "µs/call"])
def test_a_limit_may_be_on_all_of_a_call(tmp_path: Path, unit: str) -> None:
    (found,) = load(tmp_path, changed("us/head", unit))
    assert found.whole_call


@pytest.mark.parametrize("operator", ["mylayer", "ops/layer.py:Row", "layer.py:Row"])
def test_an_operator_of_the_users_is_called_as_its_host_calls_it(
    tmp_path: Path, operator: str
) -> None:
    text = changed("attention", operator).replace("us/head", "us/unit")
    (found,) = load(tmp_path, text.replace("B=16,heads=96,S=512,D=64", "M=4096,masked=yes,kind=a"))
    axes = (("M", 4096), ("masked", True), ("kind", "a"))
    assert found.case == Case("layer.py:Row", axes, DType.FP16)
    assert not found.whole_call


def test_a_problem_without_axes_needs_no_case(tmp_path: Path) -> None:
    text = changed("attention", "19_ReLU").replace("us/head", "us/call")
    (found,) = load(tmp_path, text.replace("    case: B=16,heads=96,S=512,D=64\n", ""))
    assert found.case == Case("19_ReLU", (), DType.FP16)


def test_the_file_is_found_from_a_folder_below(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    assert reading.find(tmp_path / "below") is None
    (tmp_path / "targets.yaml").write_text(GOOD)
    assert reading.find(tmp_path / "below") == tmp_path / "targets.yaml"
