"""What the inventory calls an address, a secret or a folder: words that `redaction` masks.

Apart from it, since every command keeps them and few show anything that has to pass it.
"""

from __future__ import annotations

# Of the whole process, as a command is one.
private: set[str] = set()
folders: dict[str, str] = {}


def keep_private(*words: str) -> None:
    """Words that nothing meant for strangers may print, such as a host's address."""
    private.update(word for word in words if word)


def keep_folder(folder: str, shown: str) -> None:
    """A folder of a host that nothing meant for strangers may name, and what stands for it."""
    folder = folder.rstrip("/")
    if folder != shown and (folder.count("/") > 1 or folder.startswith("~/")):  # /tmp is harmless
        folders[folder] = shown
