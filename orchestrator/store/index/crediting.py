"""Which commit a provider's figure is of, where the sources of a run lie in several checkouts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

# In the snapshot, see workflows/user_providers.py: the files of each of the user's own.
OF_PROVIDERS = "providers/"


def credited(said: dict[str, Any], providers: Iterable[str]) -> dict[str, str]:
    """By provider, its commit and when that was made, as JSON; only of those that are not of the
    checkout by which the run itself goes. said: the card."""
    every = said.get("revisions")
    found = [one for one in every if isinstance(one, dict)] if isinstance(every, list) else []
    if len(found) < 2:
        return {}
    theirs = [one for one in found if one.get("of")]
    named = str(said.get("reproduce", ""))
    told = {}
    for name in providers:
        own = [one for one in theirs if str(one["of"]).startswith(f"{OF_PROVIDERS}{name}/")]
        if not own and re.search(rf"--provider[ =]['\"]?{re.escape(name)}=", named):
            # A checkout is told by one file: with two of the user's nobody knows which it is.
            own = theirs if len(theirs) == 1 else [{}]
        if own:
            words = [own[0].get(key) for key in ("commit", "committed_at")]
            told[name] = json.dumps([one if isinstance(one, str) else "" for one in words])
    return told
