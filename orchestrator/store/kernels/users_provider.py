"""A provider of the user's own, as it is named on the command line or in kernels.yaml."""

from __future__ import annotations

from dataclasses import dataclass

from remote_payload.contract.tools.toolchain import Toolchain


@dataclass(frozen=True)
class UsersProvider:
    """target: "module:function", "path.py:function" or "path.cu:function", with "folder/:" before
    the path if all of the folder travels. destination_passing: whether it fills outputs that are
    passed in; None: its parameters tell.
    """

    name: str
    target: str
    toolchain: Toolchain = Toolchain()
    destination_passing: bool | None = None
