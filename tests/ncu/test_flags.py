"""The command lines that reach a GPU host, word for word, per version of Nsight Compute."""

from __future__ import annotations

import json
import shlex
from itertools import product

import pytest

from orchestrator.ncu import flags
from orchestrator.readers.ncu.quantities.metrics import QUANTITIES
from orchestrator.readers.ncu.version import NcuVersion, find_version
from remote_payload.contract.dtypes import DType
from remote_payload.contract.tools import ncu_command
from remote_payload.contract.tools.ncu_command import Ncu, NothingToCollect, ProfiledCall, describe
from remote_payload.contract.words import Depth
from remote_payload.operators.attention.definition import OPERATOR, attention_case
from tests.golden import assert_golden
from tests.ncu.places import SAMPLES, needs_samples

CASE = attention_case(16, 96, 512, 64, DType.FP16)
LISTED = "\n".join(f"{name:45} Some Name   no   x.section" for name in flags.SECTIONS[Depth.FULL])
USAGE = "  --config-file arg (=on)\n  --target-processes-filter arg  see --section\n"
BOOST = "  --pipeline-boost-state arg (=stable)\n"
VERSIONS = {
    "2024.1.1": USAGE,
    "2025.1.0": USAGE,
    "2026.1.0": USAGE + BOOST,
    "2026.3.1": USAGE + BOOST,
}


def ncu(version: str, listed: str = LISTED) -> Ncu:
    return describe("/usr/local/cuda/bin/ncu", VERSIONS[version], listed)


def call(chip: str = "9.0", nvtx_range: str = "") -> ProfiledCall:
    return ProfiledCall(
        nvtx_range=nvtx_range or ncu_command.range_name("sdpa-flash", CASE),
        report="/work space/runs/r1/ncu/sdpa-flash.ncu-rep",
        tmp_dir="/work space/runs/r1/tmp",
        capability=chip,
        application=("python3", "-m", "remote_payload", "one-call"),
    )


def argv_of(version: str, depth: Depth, chip: str = "9.0") -> tuple[str, ...]:
    return ncu_command.collect(ncu(version), flags.plan(depth), call(chip))


@pytest.mark.parametrize(("version", "depth"), list(product(VERSIONS, Depth)))
def test_a_collection_is_this_command_line(version: str, depth: Depth) -> None:
    argv = argv_of(version, depth)
    assert_golden(f"ncu/collect_{depth.value}_{version}.txt", "\n".join(argv) + "\n")


def test_a_report_is_read_back_by_this_command_line() -> None:
    argv = ncu_command.raw_page(ncu("2025.1.0"), "/w/a b.ncu-rep", "/w/tmp")
    assert shlex.join(argv) == (
        "env TMPDIR=/w/tmp LC_ALL=C /usr/local/cuda/bin/ncu --import '/w/a b.ncu-rep' "
        "--csv --page raw --print-units base"
    )


def test_no_option_takes_two_sections_and_no_clock_is_locked() -> None:
    argv = argv_of("2026.3.1", Depth.FULL)
    sections = [argv[i + 1] for i, word in enumerate(argv) if word == "--section"]
    assert len(sections) == len(set(sections)) == len(flags.SECTIONS[Depth.FULL])
    assert not any("," in section for section in sections)
    assert argv[argv.index("--clock-control") + 1] == "none"


def test_an_option_or_section_that_this_ncu_does_not_name_is_left_out() -> None:
    plan = flags.plan(Depth.CHEAP)
    old = describe("ncu", "", LISTED.replace("SchedulerStats ", "Other "))
    argv = ncu_command.collect(old, plan, call())
    assert not {"--config-file", "--pipeline-boost-state", "SchedulerStats"} & set(argv)
    with pytest.raises(NothingToCollect, match="lists none of the sections"):
        ncu_command.collect(ncu("2024.1.1", listed="nothing"), plan, call())


def test_metrics_are_named_only_on_the_chip_whose_names_they_are() -> None:
    assert "--metrics" in argv_of("2025.1.0", Depth.CHEAP)
    assert "--metrics" not in argv_of("2025.1.0", Depth.CHEAP, "12.0")


def test_every_provider_and_case_has_a_range_of_its_own_without_filter_characters() -> None:
    cases = [
        attention_case(b, h, 512, 64, dtype, causal)
        for b, h, dtype, causal in product((1, 16), (8, 96), OPERATOR.dtypes, (False, True))
    ]
    names = [ncu_command.range_name(p, s) for p, s in product(("sdpa", "sdpa.B1", "x"), cases)]
    assert len(set(names)) == len(names)
    assert not any(set(name) & set("@/,[]+* ") for name in names)


@pytest.mark.parametrize("name", ["/", "a/b", "a,b", "a b", "-x", "a@b"])
def test_a_range_that_would_be_read_as_a_filter_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a range"):
        ncu_command.collect(ncu("2025.1.0"), flags.plan(Depth.CHEAP), call(nvtx_range=name))


def test_the_questions_to_ask_an_ncu_are_these() -> None:
    asked = ncu_command.questions("ncu")
    assert [shlex.join(q) for q in asked] == ["ncu --version", "ncu --help", "ncu --list-sections"]


def test_versions_are_ordered_and_a_text_without_one_has_none() -> None:
    old, new = (
        find_version(f"Version {text}.0 (build 38283040) (public-release)")
        for text in ("2024.1.1", "2026.2.1")
    )
    assert old is not None
    assert new is not None
    assert old < new == NcuVersion(2026, 2, 1)
    assert find_version("bash: ncu: command not found") is None


@needs_samples
def test_all_requested_sections_exist_in_a_real_report() -> None:
    held = json.loads((SAMPLES / "metric-db/sections_h100_ncu2025.1.0.json").read_text())
    assert set(flags.SECTIONS[Depth.FULL]) <= held.keys()


@needs_samples
def test_all_metrics_are_of_gh100_and_collected_by_the_section_we_say() -> None:
    sections = json.loads((SAMPLES / "metric-db/sections_h100_ncu2025.1.0.json").read_text())
    listed = {
        line.split("\t")[1]
        for name in ("gh100_ncu2026.3.1.tsv", "gh100_cupti12.9.tsv")
        for line in (SAMPLES / "metric-db" / name).read_text().splitlines()
    }
    for quantity in QUANTITIES.values():
        if not quantity.section:
            assert quantity.metric.split(".")[0] in listed, quantity.metric
            continue
        section = sections[quantity.section]
        shown = [(label, metric) for label, metric in section["header"] + section["body"]]
        assert quantity.metric in {metric for _, metric in shown}, quantity.metric
        if quantity.label:
            assert quantity.label[0] == section["name"]
            named = [metric for label, metric in shown if label == quantity.label[1]]
            assert named == [quantity.metric], quantity.label
