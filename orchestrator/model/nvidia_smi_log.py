"""Reads `nvidia-smi -q -x`, whose elements differ between drivers and often say N/A."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from orchestrator.model.host_facts import Gpu

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_REASON = re.compile(r"clocks_(?:event|throttle)_reason_")  # the second one before driver 535


class UnreadableLogError(ValueError):
    """Not a log of nvidia-smi."""


@dataclass(frozen=True)
class SmiLog:
    """driver and cuda: versions as printed. gpus: in nvidia-smi's order."""

    driver: str
    cuda: str
    gpus: tuple[Gpu, ...]


def read(text: str, capabilities: tuple[str, ...] = ()) -> SmiLog:
    """The log with each GPU's compute capability, which it lacks; UnreadableLogError."""
    # Entities could unpack to gigabytes; nvidia-smi writes none.
    if "<!ENTITY" in text:
        raise UnreadableLogError("a log with entities")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise UnreadableLogError(str(error)) from error
    if root.tag != "nvidia_smi_log":
        raise UnreadableLogError(f"a document <{root.tag}>")
    nodes = root.findall("gpu")
    known = capabilities if len(capabilities) == len(nodes) else ("",) * len(nodes)
    gpus = tuple(_gpu(node, capability) for node, capability in zip(nodes, known, strict=True))
    return SmiLog(_text(root, "driver_version"), _text(root, "cuda_version"), gpus)


def _gpu(node: ElementTree.Element, capability: str) -> Gpu:
    return Gpu(
        name=_text(node, "product_name"),
        capability=capability,
        persistence=_switch(node, "persistence_mode"),
        ecc=_switch(node, "ecc_mode/current_ecc"),
        ecc_errors=_uncorrectable(node),
        row_remap_failure=_text(node, "remapped_rows/remapped_row_failure") == "Yes",
        mig=_switch(node, "mig_mode/current_mig") or False,
        throttle=_reasons(node),
        temperature_c=_number(node, "temperature/gpu_temp"),
        slowdown_c=_number(node, "temperature/gpu_temp_slow_threshold"),
        sm_mhz=_number(node, "clocks/sm_clock"),
        max_sm_mhz=_number(node, "max_clocks/sm_clock"),
        application_mhz=_number(node, "applications_clocks/graphics_clock"),
        memory_used_mib=_number(node, "fb_memory_usage/used"),
        memory_total_mib=_number(node, "fb_memory_usage/total"),
        utilization_percent=_number(node, "utilization/gpu_util"),
        processes=tuple(
            (_text(one, "process_name") or "a process", _number(one, "used_memory"))
            for one in node.iterfind("processes/process_info")
        ),
    )


def _text(node: ElementTree.Element, path: str) -> str:
    return (node.findtext(path) or "").strip()


def _number(node: ElementTree.Element, path: str) -> float | None:
    match = _NUMBER.match(_text(node, path))
    return float(match.group()) if match else None


def _switch(node: ElementTree.Element, path: str) -> bool | None:
    return {"Enabled": True, "Disabled": False}.get(_text(node, path))


def _uncorrectable(node: ElementTree.Element) -> int | None:
    tags = [item.tag for item in node.iterfind("ecc_errors/volatile/*") if "uncorr" in item.tag]
    counts = [_number(node, f"ecc_errors/volatile/{tag}") for tag in tags]
    known = [count for count in counts if count is not None]
    return int(sum(known)) if known else None


def _reasons(node: ElementTree.Element) -> tuple[str, ...]:
    items = [*node.iterfind("clocks_event_reasons/*"), *node.iterfind("clocks_throttle_reasons/*")]
    return tuple(_REASON.sub("", item.tag) for item in items if item.text == "Active")
