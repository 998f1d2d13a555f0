"""Which GPU a file is about, and what no GPU of that kind, or none at all, can do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from orchestrator.performance.device import DEVICES, Device, find

# What an SM can load from its L1 in one clock, on every architecture since Volta (CUDA C++
# Programming Guide, "Shared Memory": 32 banks of 4 bytes); whatever is read comes this way.
_BYTES_PER_CLOCK_AND_SM = 128
# Tensor cores take nothing faster than FP4, at four times the rate of FP16, on any device here.
FASTEST_TIMES = 4.0
_OTHER_GPUS = re.compile(
    r"(?<![a-z0-9])(gh200|gb200|gb300|b300|h800|h20|a800|a10g?|a30|a40|a6000|l20|t4|v100|p100|k80"
    r"|mi\d{2,3}x?|rtx ?\d{4}|gtx ?\d{4}|geforce [a-z0-9 ]+|radeon [a-z0-9 ]+|tesla [a-z0-9]+|tpu)",
)


@dataclass(frozen=True)
class Machine:
    """device: its peaks, or the highest of all that are known. known: whether the file tells which
    GPU it was. words: how that is known, and which bounds are used. members: the models that it may
    be."""

    device: Device
    known: bool
    words: str
    members: tuple[Device, ...] = ()

    @property
    def sm_gbs(self) -> float:
        """GB/s that all SMs together can load, wherever it lies; not the largest GPU loads most."""
        most = max(one.sm_count * one.max_mhz for one in self.members or DEVICES)
        return most * _BYTES_PER_CLOCK_AND_SM / 1e3


@cache
def machine(said: str, file_name: str) -> Machine:
    """The GPU by what the file says of it, else by the file's name, else the largest there is."""
    for text, where in ((said, "as the file says"), (file_name, "as the file's name says")):
        members = _members(text)
        if members:
            device = _highest(members)
            which = f"; which is not told, the highest of {_all(members)}"
            which = which if len(members) > 1 else ""
            return Machine(
                device, True, f"{device.model}, {where}{which}: {_peaks(device)}", members
            )
        if text and (found := _OTHER_GPUS.search(text.lower())):
            return _largest(f"{found[0].strip()} ({where}) is not among the GPUs known here")
    if said:
        return _largest(f"{said[:60]!r} is not among the GPUs known here")
    return _largest("no GPU is told")


def _members(text: str) -> tuple[Device, ...]:
    """The devices that a text may mean: of a family, those that no word of it rules out."""
    exact = find(text)
    if exact is not None:
        return (exact,)
    words = set(re.split(r"[^a-z0-9]+", re.sub(r"rtx", "rtx ", text.lower())))
    family = tuple(device for device in DEVICES if _family(device) in words)
    named = words & {"pcie", "nvl", "sxm", "sxm4", "sxm5", "40gb", "80gb", "hbm3"}
    said = {"sxm" if word.startswith(("sxm", "hbm3")) else word for word in named}
    narrowed = [d for d in family if said <= set(_words(d))]
    return tuple(narrowed) or family


def _family(device: Device) -> str:
    """`h100` of "H100 SXM", `4090` of "RTX 4090"."""
    words = _words(device)
    return next((word for word in words if any(map(str.isdigit, word))), words[0])


def _words(device: Device) -> list[str]:
    return device.model.lower().replace(" gb", "gb").split()


def _highest(members: tuple[Device, ...]) -> Device:
    """One device with the highest of each figure: what none of them exceeds."""
    best = max(members, key=lambda one: one.tensor_tflops)
    name = best.model if len(members) == 1 else _family(best).upper()
    return replace(
        best,
        model=name,
        tensor_flop_per_clock=max(d.tensor_flop_per_clock for d in members),
        sm_count=max(d.sm_count for d in members),
        max_mhz=max(d.max_mhz for d in members),
        memory_gbs=max(d.memory_gbs for d in members),
        memory_ceiling_gbs=max(d.memory_ceiling_gbs for d in members),
        l2_bytes=max(d.l2_bytes for d in members),
    )


def _all(members: tuple[Device, ...]) -> str:
    return ", ".join(device.model for device in members)


@cache
def _largest(why: str) -> Machine:
    fastest = max(DEVICES, key=lambda one: one.tensor_ceiling_tflops)
    device = replace(
        fastest,
        model=f"the largest GPU known here ({fastest.model})",
        # Each to its own highest clock: more than any device is all at once.
        memory_gbs=max(d.memory_gbs for d in DEVICES),
        memory_ceiling_gbs=max(d.memory_ceiling_gbs for d in DEVICES),
        l2_bytes=max(d.l2_bytes for d in DEVICES),
    )
    return Machine(device, False, f"{why}; bounds are those of {device.model}: {_peaks(device)}")


def _peaks(device: Device) -> str:
    ceiling = device.tensor_ceiling_tflops
    more = (
        f" ({ceiling:.4g} at its highest clock)" if ceiling > device.tensor_tflops * 1.005 else ""
    )
    return (
        f"{device.tensor_tflops:.4g} TFLOPS dense FP16{more}, {device.memory_gbs:.4g} GB/s, "
        f"L2 of {device.l2_bytes / 1e6:.3g} MB"
    )
