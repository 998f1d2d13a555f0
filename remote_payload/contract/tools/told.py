"""What NVIDIA's tools print where they do not tell: neither zero, nor no, nor a name."""

from __future__ import annotations

import re
from typing import Optional

# As nvidia-smi prints the answers of NVML (nvmlReturn_t of nvml.h), with or without brackets.
_UNTOLD = re.compile(
    r"\[.*\]|n/?a|none told|err!?|unknown|unknown error|not (?:supported|found|available)"
    r"|no permission|insufficient permissions?|requires root|gpu access blocked.*"
    r"|(?:the )?gpu (?:is lost|requires reset).*|in use by another client|uninitialized"
    r"|requested functionality has been deprecated|function not found",
    re.IGNORECASE,
)


def told(text: Optional[str]) -> Optional[str]:
    """The text without blanks around it; None if it is one of the ways of not telling."""
    text = (text or "").strip()
    return None if not text or _UNTOLD.fullmatch(text) else text
