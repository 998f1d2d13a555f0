"""nvidia-smi's log: old drivers and new, slices, unified memory, and all the ways of not telling."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.doctor.evidence import Evidence, SmiEvidence, facts_of
from orchestrator.readers import nvidia_smi_log
from orchestrator.values.host_facts import Facts, Gpu

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "samples"
UNTOLD = (
    "N/A",
    "[N/A]",
    "[Not Supported]",
    "Not Supported",
    "Unknown Error",
    "[Unknown Error]",
    "ERR!",
    "Insufficient Permissions",
    "[Insufficient Permissions]",
    "Requires root",
    "GPU access blocked by the operating system",
    "Requested functionality has been deprecated",
    "",
)


def gpu(*elements: str) -> Gpu:
    return nvidia_smi_log.read(log(*elements)).gpus[0]


def log(*elements: str) -> str:
    return f"<nvidia_smi_log><gpu>{''.join(elements)}</gpu></nvidia_smi_log>"


def volatile(inside: str) -> str:
    return f"<ecc_errors><volatile>{inside}</volatile></ecc_errors>"


def facts(text: str) -> Facts:
    smi = SmiEvidence("/usr/bin/nvidia-smi", 0, text)
    return facts_of(Evidence(silent=(), faults=(), took_s=0.1, clock_s=1e9, nvidia_smi=smi))


@pytest.mark.parametrize("said", UNTOLD)
def test_what_the_driver_does_not_tell_is_none_in_every_field(said: str) -> None:
    one = gpu(
        f"<product_name>{said}</product_name>",
        f"<persistence_mode>{said}</persistence_mode>",
        f"<mig_mode><current_mig>{said}</current_mig></mig_mode>",
        f"<ecc_mode><current_ecc>{said}</current_ecc></ecc_mode>",
        "<ecc_errors>",
        f"<volatile><dram_uncorrectable>{said}</dram_uncorrectable></volatile>",
        f"<aggregate><dram_uncorrectable>{said}</dram_uncorrectable></aggregate>",
        "</ecc_errors>",
        f"<remapped_rows><remapped_row_failure>{said}</remapped_row_failure></remapped_rows>",
        "<clocks_event_reasons>",
        f"<clocks_event_reason_hw_slowdown>{said}</clocks_event_reason_hw_slowdown>",
        "</clocks_event_reasons>",
        f"<fb_memory_usage><total>{said}</total><used>{said}</used></fb_memory_usage>",
        f"<utilization><gpu_util>{said}</gpu_util></utilization>",
        f"<temperature><gpu_temp>{said}</gpu_temp></temperature>",
        f"<clocks><sm_clock>{said}</sm_clock></clocks>",
        f"<max_clocks><sm_clock>{said}</sm_clock></max_clocks>",
    )
    untold = ("dram_uncorrectable",), ("hw_slowdown",)
    assert one == Gpu(name="", ecc_untold=untold[0], throttle_untold=untold[1])


def test_tags_that_are_missing_are_not_told_either() -> None:
    assert gpu() == Gpu(name="")


@pytest.mark.parametrize(
    ("inside", "errors"),
    [
        # Volta and before, and drivers before 450
        ("<double_bit><device_memory>3</device_memory><total>3</total></double_bit>", 3),
        ("<double_bit><register_file>2</register_file><total>N/A</total></double_bit>", 2),
        ("<double_bit><device_memory>1</device_memory><total>0</total></double_bit>", 1),
        ("<single_bit><total>7</total></single_bit><double_bit><total>0</total></double_bit>", 0),
        ("<double_bit><device_memory>N/A</device_memory><total>N/A</total></double_bit>", None),
        # Turing and later
        ("<sram_uncorrectable>1</sram_uncorrectable><dram_uncorrectable>2</dram_uncorrectable>", 3),
        ("<dram_correctable>9</dram_correctable><dram_uncorrectable>0</dram_uncorrectable>", 0),
        # from 545 on
        (
            "<sram_uncorrectable_parity>1</sram_uncorrectable_parity>"
            "<sram_uncorrectable_secded>1</sram_uncorrectable_secded>",
            2,
        ),
        ("<dram_uncorrectable>N/A</dram_uncorrectable>", None),
        ("", None),
    ],
)
def test_uncorrectable_errors_are_counted_by_every_drivers_names(
    inside: str, errors: int | None
) -> None:
    assert gpu(volatile(inside)).ecc_errors == errors


def test_a_counter_that_is_not_told_is_named_beside_those_that_are() -> None:
    inside = (
        "<sram_uncorrectable>N/A</sram_uncorrectable><dram_uncorrectable>0</dram_uncorrectable>"
    )
    one = gpu(volatile(inside))
    assert (one.ecc_errors, one.ecc_untold) == (0, ("sram_uncorrectable",))


def test_errors_of_a_slice_count_where_the_whole_gpu_tells_none() -> None:
    device = (
        "<mig_devices><mig_device><ecc_error_count><volatile_count><sram_uncorrectable>{}"
        "</sram_uncorrectable></volatile_count></ecc_error_count></mig_device></mig_devices>"
    )
    whole = volatile("<dram_uncorrectable>N/A</dram_uncorrectable>")
    assert gpu(device.format(2), whole).ecc_errors == 2
    assert gpu(device.format(0), whole).ecc_errors is None


def test_memory_that_is_damaged_or_waits_for_a_repair_is_told_apart() -> None:
    one = gpu(
        "<ecc_errors><unrepairable_memory>Yes</unrepairable_memory>",
        "<aggregate><sram_threshold_exceeded>Yes</sram_threshold_exceeded></aggregate>",
        "<channel_repair_pending>No</channel_repair_pending></ecc_errors>",
        "<remapped_rows><remapped_row_pending>Yes</remapped_row_pending>",
        "<remapped_row_failure>No</remapped_row_failure></remapped_rows>",
        "<retired_pages><pending_blacklist>Yes</pending_blacklist>",
        "<pending_retirement>Yes</pending_retirement></retired_pages>",
    )
    assert one.row_remap_failure is False
    assert one.memory_wounds == (
        "memory is beyond repair",
        "SRAM errors are above NVIDIA's limit",
    )
    assert one.memory_repairs == ("rows wait to be remapped", "pages wait to be retired")


def test_some_reasons_told_and_some_not_are_both_kept() -> None:
    one = gpu(
        "<clocks_throttle_reasons>",
        "<clocks_throttle_reason_gpu_idle>Active</clocks_throttle_reason_gpu_idle>",
        "<clocks_throttle_reason_hw_slowdown>Not Active</clocks_throttle_reason_hw_slowdown>",
        "<clocks_throttle_reason_sync_boost>N/A</clocks_throttle_reason_sync_boost>",
        "</clocks_throttle_reasons>",
    )
    assert (one.throttle, one.throttle_untold) == (("gpu_idle",), ("sync_boost",))
    assert gpu("<clocks_event_reasons>N/A</clocks_event_reasons>").throttle is None


def process(name: str) -> str:
    return (
        f"<process_info><pid>7</pid><process_name>{name}</process_name>"
        "<used_memory>512 MiB</used_memory></process_info>"
    )


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ('python -c "if a<b and c>d: x&=y"', 'python -c "if a<b and c>d: x&=y"'),
        ("python &amp; more", "python & more"),
        ("caf\ufffd\x01\x1b[2J", "caf\ufffd\ufffd\ufffd[2J"),
        ("a lone \udcff surrogate", "a lone \ufffd surrogate"),
        ("line\nbreak &#1; &bogus;", "line\nbreak &#1; &bogus;"),
        ("<!ENTITY a 'b'>", "<!ENTITY a 'b'>"),
        ("python train.py --token hush-hush-hush", "python train.py --token ***"),
        ("env HF_TOKEN=abcdefgh python x.py", "env HF_TOKEN=*** python x.py"),
        ("[Insufficient Permissions]", "a process without a name"),
    ],
)
def test_a_name_however_odd_hides_neither_the_gpu_nor_itself(name: str, read: str) -> None:
    one = gpu(
        "<product_name>NVIDIA H100</product_name>\n<processes>\n",
        process(name),
        process("other"),
        "\n</processes>\n<temperature><gpu_temp>41 C</gpu_temp></temperature>",
    )
    assert (one.name, one.temperature_c) == ("NVIDIA H100", 41.0)
    assert one.processes == ((read, 512.0), ("other", 512.0))


def test_what_cannot_be_read_of_the_processes_costs_the_processes_alone() -> None:
    one = gpu("<product_name>H100</product_name><processes><process_info><</processes>")
    assert (one.name, one.processes) == ("H100", None)
    ends = process("its name ends</process_name> all </processes>")
    one = gpu(f"<product_name>H100</product_name><processes>{ends}</processes>")
    assert (one.name, one.processes) == ("H100", None)
    assert gpu("<processes>N/A</processes>").processes is None
    assert gpu("<processes></processes>").processes == ()


def test_another_element_that_is_not_escaped_is_read_as_well() -> None:
    text = "<nvidia_smi_log>\n<gpu>\n<product_name>A & B</product_name>\n</gpu>\n</nvidia_smi_log>"
    assert nvidia_smi_log.read(text).gpus[0].name == "A & B"


def test_what_stands_around_the_document_is_a_warning_and_hides_nothing() -> None:
    text = log("<product_name>NVIDIA H100</product_name>")
    read = facts(f"{text}\nWARNING: infoROM is corrupted at gpu 0000:81:00.0\n")
    assert read.gpus[0].name == "NVIDIA H100"
    assert read.driver.complaint == ""
    assert read.driver.warning == "WARNING: infoROM is corrupted at gpu 0000:81:00.0"


def test_a_capability_that_is_not_told_costs_the_other_gpus_nothing() -> None:
    text = "<nvidia_smi_log><gpu></gpu><gpu></gpu></nvidia_smi_log>"
    smi = SmiEvidence("/usr/bin/nvidia-smi", 0, text, "[N/A]\n9.0\n")
    read = facts_of(Evidence(silent=(), faults=(), took_s=0.1, clock_s=1e9, nvidia_smi=smi))
    assert [one.capability for one in read.gpus] == ["", "9.0"]


def test_a_version_that_is_not_told_is_no_version() -> None:
    text = "<nvidia_smi_log><cuda_version>N/A</cuda_version><driver_version>ERR!</driver_version></nvidia_smi_log>"
    read = nvidia_smi_log.read(text)
    assert (read.driver, read.cuda) == ("", "")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples of real output beside this checkout")
def test_the_samples_that_were_called_healthy_are_not() -> None:
    ecc = (SAMPLES / "failing" / "smi-double-bit-ecc-not-seen.xml").read_text()
    assert facts(ecc).gpus[0].ecc_errors == 3
    unified = facts((SAMPLES / "failing" / "smi-unified-memory-used-na.xml").read_text()).gpus[0]
    assert (unified.memory_used_mib, unified.throttle) == (None, None)
