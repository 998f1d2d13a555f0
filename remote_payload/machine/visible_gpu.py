"""Which of the machine's GPUs a job uses, before torch is asked: CUDA_VISIBLE_DEVICES, read.

An index counts the GPUs as nvidia-smi does only under CUDA_DEVICE_ORDER=PCI_BUS_ID: by itself CUDA
puts the fastest first. An inventory's `gpu: 1` is the number that nvidia-smi and doctor show, so
`settle_order` sees to it that CUDA counts that way too.
https://docs.nvidia.com/cuda/cuda-c-programming-guide/#env-vars
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import Optional, Sequence, Tuple

from remote_payload.machine.nvidia_smi import QUERY_LIMIT_S, Card

ORDER, VISIBLE = "CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES"
BY_BUS = "PCI_BUS_ID"
# Two forms: MIG-<uuid>, and before driver 470 MIG-GPU-<uuid>/<instance>/<instance>.
_OLD_MIG = re.compile(r"MIG-(GPU-[0-9a-f-]+)/\d+/\d+", re.IGNORECASE)
_INDEX = re.compile(r"[0-9]+")
_LISTED = re.compile(r"\(UUID: ((?:GPU|MIG)-[^)\s]+)\)")


def settle_order() -> None:
    """Let CUDA count GPUs as nvidia-smi does, here and in all that this process starts.

    Whoever asks for another order gets it.
    """
    os.environ.setdefault(ORDER, BY_BUS)


def cards(every: Sequence[Card]) -> Tuple[Card, ...]:
    """Those of the machine's GPUs that CUDA would show here, in its order.

    Of GPUs that are not alike, an index says nothing where CUDA sorts them by speed: then none.
    """
    asked = os.environ.get(VISIBLE)
    sure = _counted_as_listed(every)
    if asked is None:
        return tuple(every) if sure else ()
    found = []
    # What follows the first word that names no GPU is not shown either.
    for word in (part.strip() for part in asked.split(",")):
        if _INDEX.fullmatch(word) and not sure:
            return ()
        card = _card(word, every)
        if card is None or card in found:
            break
        found.append(card)
    return tuple(found)


def _counted_as_listed(every: Sequence[Card]) -> bool:
    """Whether an index of CUDA's is nvidia-smi's, or makes no difference. Of one compute capability
    there are slow and fast ones; of one name, too, all are alike."""
    by_bus = os.environ.get(ORDER, "").upper() == BY_BUS
    return by_bus or len({(card.name, card.compute_capability) for card in every}) <= 1


def reachable(every: Sequence[Card]) -> Tuple[Card, ...]:
    """Those of the machine's GPUs that what runs here may use: all, where it cannot be told which.

    As `cards`, but for whoever must not miss one.
    """
    asked = os.environ.get(VISIBLE)
    if asked is None:
        return tuple(every)
    words = [part.strip() for part in asked.split(",")]
    unsure = any(_INDEX.fullmatch(w) for w in words) and not _counted_as_listed(every)
    lost = any(word.upper().startswith("MIG-") and not _card(word, every) for word in words)
    return tuple(every) if unsure or lost else cards(every)


def _card(word: str, every: Sequence[Card]) -> Optional[Card]:
    """The GPU that an index, a UUID or the beginning of one, or a MIG device's name stands for."""
    if _INDEX.fullmatch(word):
        return every[int(word)] if int(word) < len(every) else None
    old = _OLD_MIG.fullmatch(word)
    if old:
        word = old.group(1)
    elif word.upper().startswith("MIG-"):
        word = _parent_of(word)
    if not word.upper().startswith("GPU-"):
        return None
    named = [c for c in every if c.uuid and c.uuid.upper().startswith(word.upper())]
    return named[0] if len(named) == 1 else None


def _parent_of(mig: str) -> str:
    """The UUID of the GPU that this MIG device is a part of: `nvidia-smi -L` lists it beneath."""
    try:
        said = subprocess.run(
            ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=QUERY_LIMIT_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    parent = ""
    for uuid in _LISTED.findall(said):
        if uuid.startswith("GPU-"):
            parent = uuid
        elif uuid.upper().startswith(mig.upper()):
            return str(parent)
    return ""
