"""Which of the reasons that a GPU gives for its clocks mean that it was held back."""

from __future__ import annotations

from typing import Iterable, Tuple

# What a user or an administrator chose, and that there was nothing to do. The last one has an `s`
# more in the long log of nvidia-smi.
CHOSEN = frozenset(
    {
        "gpu_idle",
        "applications_clocks_setting",
        "sync_boost",
        "display_clock_setting",
        "display_clocks_setting",
    }
)
IDLE = "gpu_idle"
# A kernel that draws all the power there is runs so from its first call to its last.
POWER_CAP = "sw_power_cap"


def holding(reasons: Iterable[str]) -> Tuple[str, ...]:
    """Those by which the GPU goes slower than it was set to, and than it could."""
    return tuple(reason for reason in reasons if reason not in CHOSEN)
