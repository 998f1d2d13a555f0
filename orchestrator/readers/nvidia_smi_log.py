"""Reads `nvidia-smi -q -x`, whose elements differ between drivers and often say N/A.

What the driver does not tell (N/A, ERR!, "Unknown Error", "Insufficient Permissions", nothing at
all, …) is known by what it is not: no number, no switch, no yes or no. It is None, never 0 or no.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.values.host_facts import Gpu
from orchestrator.values.privacy.redaction import without_secrets
from remote_payload.contract.tools.told import told

# Loaded where there is a GPU to read about.
if TYPE_CHECKING:
    from xml.etree import ElementTree

_NUMBER = re.compile(r"-?\d+(\.\d+)?(?=\s|%|$)")
_REASON = re.compile(r"clocks_(?:event|throttle)_reason_")  # the second one before driver 535
_DOCUMENT = re.compile(r"(?:<\?xml|<!DOCTYPE|<nvidia_smi_log)(?s:.*)</nvidia_smi_log>")
# Everything else but these breaks a document of XML 1.0 (section 2.2).
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"(<process_name>)(.*?)(</process_name>)", re.DOTALL)
_LEAF = re.compile(r"(<(\w+)>)((?:(?!</?\w+>).)*)(</\2>)")
_PROCESSES = re.compile(r"<processes>(?:(?!</gpu>).)*</processes>", re.DOTALL)
_ENTITIES = {"&quot;": '"', "&apos;": "'"}
_WOUNDS = {
    "ecc_errors/unrepairable_memory": "memory is beyond repair",
    "ecc_errors/aggregate/sram_threshold_exceeded": "SRAM errors are above NVIDIA's limit",
}
_REPAIRS = {
    "remapped_rows/remapped_row_pending": "rows wait to be remapped",
    "retired_pages/pending_retirement": "pages wait to be retired",
    "retired_pages/pending_blacklist": "pages wait to be retired",
    "ecc_errors/channel_repair_pending": "a memory channel waits for its repair",
    "ecc_errors/tpc_repair_pending": "an SM waits for its repair",
}
_SLICES = "mig_devices/mig_device/ecc_error_count/volatile_count/*"


class UnreadableLogError(ValueError):
    """Not a log of nvidia-smi."""


@dataclass(frozen=True)
class SmiLog:
    """driver and cuda: versions as printed. gpus: in nvidia-smi's order.

    beside: what it printed around the document.
    """

    driver: str
    cuda: str
    gpus: tuple[Gpu, ...]
    beside: str = ""


def read(text: str, capabilities: tuple[str, ...] = ()) -> SmiLog:
    """The log with each GPU's compute capability, which it lacks; UnreadableLogError."""
    found = _DOCUMENT.search(text)
    document = found[0] if found else text
    root = _parsed(_NAME.sub(_escaped_name, _NO_CHARACTER.sub("\ufffd", document)))
    if root.tag != "nvidia_smi_log":
        raise UnreadableLogError(f"a document <{root.tag}>")
    nodes = root.findall("gpu")
    known = capabilities if len(capabilities) == len(nodes) else ("",) * len(nodes)
    gpus = tuple(_gpu(node, capability) for node, capability in zip(nodes, known, strict=True))
    beside = " ".join(text.replace(document, " ").split())
    return SmiLog(_text(root, "driver_version"), _text(root, "cuda_version"), gpus, beside)


def _parsed(document: str) -> ElementTree.Element:
    """The tree; what nvidia-smi forgot to escape is escaped, or at worst its processes left out."""
    # Entities could unpack to gigabytes; nvidia-smi writes none.
    if "<!ENTITY" in document:
        raise UnreadableLogError("a log with entities")
    escaped = _LEAF.sub(lambda leaf: leaf[1] + _escaped(leaf[3]) + leaf[4], document)
    from xml.etree import ElementTree

    problem = ""
    for attempt in (
        document,
        escaped,
        _PROCESSES.sub("<processes>unreadable</processes>", escaped),
    ):
        try:
            return ElementTree.fromstring(attempt)
        except ElementTree.ParseError as error:
            problem = str(error)
    raise UnreadableLogError(problem)


def _escaped(content: str) -> str:
    from xml.sax import saxutils

    return saxutils.escape(saxutils.unescape(content, _ENTITIES))


def _escaped_name(name: re.Match[str]) -> str:
    return name[1] + _escaped(name[2]) + name[3]


def _gpu(node: ElementTree.Element, capability: str) -> Gpu:
    errors, untold = _uncorrectable(node, "volatile")
    throttle, throttle_untold = _reasons(node)
    return Gpu(
        name=_text(node, "product_name"),
        capability=capability,
        persistence=_switch(node, "persistence_mode"),
        ecc=_switch(node, "ecc_mode/current_ecc"),
        ecc_errors=errors,
        ecc_errors_ever=_uncorrectable(node, "aggregate")[0],
        ecc_untold=untold,
        row_remap_failure=_yes(node, "remapped_rows/remapped_row_failure"),
        memory_wounds=_so(node, _WOUNDS),
        memory_repairs=_so(node, _REPAIRS),
        mig=_switch(node, "mig_mode/current_mig"),
        throttle=throttle,
        throttle_untold=throttle_untold,
        temperature_c=_number(node, "temperature/gpu_temp"),
        slowdown_c=_number(node, "temperature/gpu_temp_slow_threshold"),
        sm_mhz=_number(node, "clocks/sm_clock"),
        max_sm_mhz=_number(node, "max_clocks/sm_clock"),
        application_mhz=_number(node, "applications_clocks/graphics_clock"),
        memory_used_mib=_number(node, "fb_memory_usage/used"),
        utilization_percent=_number(node, "utilization/gpu_util"),
        processes=_processes(node),
    )


def _text(node: ElementTree.Element, path: str) -> str:
    """An element's text, "" where the driver does not tell."""
    return told(node.findtext(path)) or ""


def _number(node: ElementTree.Element, path: str) -> float | None:
    return _as_number(node.findtext(path))


def _as_number(text: str | None) -> float | None:
    match = _NUMBER.match((text or "").strip())
    return float(match.group()) if match else None


def _switch(node: ElementTree.Element, path: str) -> bool | None:
    return {"Enabled": True, "Disabled": False}.get(_text(node, path))


def _yes(node: ElementTree.Element, path: str) -> bool | None:
    return {"Yes": True, "No": False}.get(_text(node, path))


def _so(node: ElementTree.Element, wanted: dict[str, str]) -> tuple[str, ...]:
    """The words for what the log says Yes to, each once."""
    return tuple(dict.fromkeys(words for path, words in wanted.items() if _yes(node, path)))


def _uncorrectable(node: ElementTree.Element, kind: str) -> tuple[int | None, tuple[str, ...]]:
    """Uncorrectable errors that were counted (None: no counter tells), and the silent counters.

    From Turing on drivers count by memory (sram_uncorrectable…, dram_uncorrectable); before, and
    with drivers older than that, by bits: double_bit with its parts and their total.
    """
    modern = [one for one in node.iterfind(f"ecc_errors/{kind}/*") if "uncorr" in one.tag]
    parts = [*node.iterfind(f"ecc_errors/{kind}/double_bit/*")]
    slices = [one for one in node.iterfind(_SLICES) if "uncorr" in one.tag] * (kind == "volatile")
    total = [one for one in parts if one.tag == "total" and _as_number(one.text) is not None]
    shown = modern + (total or [one for one in parts if one.tag != "total"])
    known = [count for one in shown if (count := _as_number(one.text)) is not None]
    among_parts = sum(_as_number(one.text) or 0 for one in parts if one.tag != "total")
    # A slice counts its own alone: what it has not seen may still be.
    in_slices = sum(_as_number(one.text) or 0 for one in slices)
    counted = int(max(sum(known), among_parts, in_slices))
    untold = tuple(one.tag for one in shown if _as_number(one.text) is None)
    return (counted if known or counted else None), untold


def _reasons(node: ElementTree.Element) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The active reasons (None: none of them is told), and those that are not told."""
    items = [*node.iterfind("clocks_event_reasons/*"), *node.iterfind("clocks_throttle_reasons/*")]
    told = {_REASON.sub("", item.tag): (item.text or "").strip() for item in items}
    active = tuple(name for name, said in told.items() if said == "Active")
    untold = tuple(name for name, said in told.items() if said not in ("Active", "Not Active"))
    return (active if len(untold) < len(told) else None), untold


def _processes(node: ElementTree.Element) -> tuple[tuple[str, float | None], ...] | None:
    """Each process with its whole command line, but for its secrets; None: the list is not told."""
    listed = node.find("processes")
    if listed is None or (listed.text or "").strip():
        return None
    return tuple(
        (
            without_secrets(_text(one, "process_name")) or "a process without a name",
            _number(one, "used_memory"),
        )
        for one in listed.iterfind("process_info")
    )
