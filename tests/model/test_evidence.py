"""How facts are read from what the agent sends, and from what nvidia-smi prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.doctor.evidence import Evidence, SmiEvidence, SystemEvidence, facts_of
from orchestrator.readers import nvidia_smi_log
from orchestrator.values.host_facts import Place


def evidence(**changes: Any) -> Evidence:
    given: dict[str, Any] = {"silent": (), "faults": (), "took_s": 0.1, "clock_s": 1e9}
    return Evidence(**{**given, **changes})


def test_a_containers_own_limits_count_not_those_of_the_machine() -> None:
    files = (
        ("/sys/fs/cgroup/cpu.max", "400000 100000\n"),
        ("/sys/fs/cgroup/memory.max", str(8 << 30)),
        ("/proc/1/cgroup", "0::/kubepods/besteffort/pod1\n"),
        ("/proc/self/status", "Name:\tpython\nCapEff:\t00000000a80425fb\n"),
        ("/proc/driver/nvidia/params", "ResmanDebugLevel: 4294967295\nRmProfilingAdminOnly: 1\n"),
        ("/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.133.20  Release\n"),
    )  # fmt: skip
    read = facts_of(evidence(files=files, system=SystemEvidence(cpus=64, physical_bytes=2 << 40)))
    assert (read.system.cpus, read.system.memory_bytes) == (4.0, 8 << 30)
    assert read.system.container == "kubepods"
    assert not read.system.may_administer
    assert read.driver.profiling_admin_only is True
    assert read.driver.module == "570.133.20"


def test_a_folder_lies_on_the_longest_mount_and_volumes_are_known_as_durable() -> None:
    mounts = "\n".join(
        (
            "1 0 0:1 / / rw - overlay overlay rw,lowerdir=/a",
            "2 1 0:2 / /work\\040space rw,noexec - ext4 /dev/sdb rw",
            "3 1 0:3 / /etc/hosts rw - ext4 /dev/sda rw",
            "4 1 0:4 / /data ro - ext4 /dev/sdc ro",
            "nonsense",
        )
    )
    read = facts_of(
        evidence(
            files=(("/proc/self/mountinfo", mounts),),
            workspace=Place("~/w", "/work space/w"),
            temporary=Place("/tmp", "/tmp"),
        )
    )
    assert (read.workspace.mount, read.workspace.noexec) == ("/work space", True)
    assert (read.temporary.mount, read.temporary.file_system) == ("/", "overlay")
    assert read.system.durable_mounts == ("/work space",)


@pytest.mark.parametrize(
    "log",
    [
        "",
        "<html></html>",
        "<nvidia_smi_log>",
        '<!DOCTYPE x [<!ENTITY a "aaaa">]><nvidia_smi_log>&a;</nvidia_smi_log>',
    ],
)
def test_a_log_that_is_none_becomes_a_complaint_and_unpacks_nothing(log: str) -> None:
    read = facts_of(evidence(nvidia_smi=SmiEvidence("/usr/bin/nvidia-smi", 9, log)))
    assert read.gpus == ()
    assert read.driver.complaint


def test_the_log_of_a_real_a100_with_mig_is_understood() -> None:
    sample = Path(__file__).parents[3] / "shared/samples/nvidia-smi/a100-sxm4-v12.xml"
    if not sample.exists():
        pytest.skip("the collected samples are not here")
    log = nvidia_smi_log.read(sample.read_text(), ("8.0",))
    first = log.gpus[0]
    assert (log.driver, log.cuda, len(log.gpus)) == ("535.54.03", "12.2", 1)
    assert (first.name, first.capability) == ("NVIDIA A100-SXM4-80GB", "8.0")
    assert (first.mig, first.ecc, first.persistence) == (True, True, False)
    assert (first.temperature_c, first.slowdown_c, first.max_sm_mhz) == (27.0, 89.0, 1410.0)
    assert first.ecc_errors == 0
