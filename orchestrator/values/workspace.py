"""Where things lie under a host's workspace; pure arithmetic, no disk, no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from remote_payload.contract.layout import BUILDS, JOBS, SNAPSHOTS

# Where the inventory names none.
WORKSPACE = "~/.cache/blackwell-sparsek"
# Only /workspace outlives a pod's restart: docs.runpod.io/pods/storage/types.
POD_WORKSPACE = "/workspace/blackwell-sparsek"
# What stands for any other one where folders of a host must not be read.
SOME_WORKSPACE = "<workspace>"


def workspace_for_others(root: str) -> str:
    """A workspace as strangers may read it: one of those above, which everybody has."""
    return root if root in (WORKSPACE, POD_WORKSPACE) else SOME_WORKSPACE


@dataclass(frozen=True)
class Workspace:
    """The one folder on a host that we write under.

    root may start with `~`: only the host knows its home, so agents are given the text as it
    stands and expand it there. ValueError for a name that would step out of its folder.
    """

    root: PurePosixPath

    @property
    def snapshots(self) -> PurePosixPath:
        """Published source trees, one folder per digest; never changed once they are there."""
        return self.root / SNAPSHOTS

    def snapshot(self, digest: str) -> PurePosixPath:
        return self.snapshots / _name(digest)

    @property
    def builds(self) -> PurePosixPath:
        """Compiled libraries, one folder per build key."""
        return self.root / BUILDS

    @property
    def jobs(self) -> PurePosixPath:
        """Requests, logs and results, one folder per run; never pruned."""
        return self.root / JOBS

    def job(self, run_id: str) -> PurePosixPath:
        return self.jobs / _name(run_id)


def _name(text: str) -> str:
    if text in ("", ".", "..") or "/" in text:
        raise ValueError(f"{text!r} cannot name something in the workspace")
    return text
