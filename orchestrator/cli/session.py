"""What every command shares: where the project is, its inventory, its runs."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.values.command import typed

if TYPE_CHECKING:
    from orchestrator.cloud.runpod import RunPod
    from orchestrator.store.index.index import RunIndex
    from orchestrator.store.inventory.reading import Inventory
    from orchestrator.store.runs.run_store import RunStore
    from orchestrator.transport.base import Transport
    from orchestrator.transport.broker.transport import Keeping
    from orchestrator.values.host import Host
    from orchestrator.values.kept.summary import Summary
    from orchestrator.values.run import Run
    from orchestrator.workflows.publishing.around import Around

# A large image is pulled in a minute or two; whoever waits longer should look at the console.
_POD_COMES_UP_S = 180.0


@dataclass(frozen=True)
class Session:
    """The global options, and what follows from them; everything is read when first needed."""

    inventory_path: Path | None = None
    runs_dir: Path | None = None
    debug: bool = False

    @cached_property
    def inventory_file(self) -> Path | None:
        """None where there is none; InventoryError: one stands in a folder that was removed."""
        from orchestrator.store.inventory.place import find
        from orchestrator.sync import project

        return self.inventory_path or find(project.here())

    @property
    def _inventory_folder(self) -> Path:
        """Where one stands, without an inventory."""
        file = self.inventory_file
        return file.resolve().parent if file else Path.cwd()

    @cached_property
    def root(self) -> Path:
        """The project, with csrc/ and remote_payload/ in it: found from where one stands, else
        what was installed."""
        from orchestrator.sync import project

        return project.root(project.here(), self._inventory_folder)

    @property
    def home(self) -> Path:
        """What belongs to the work here lies in it: the project, else where the inventory lies."""
        from orchestrator.sync import project

        return project.find(project.here()) or self._inventory_folder

    @property
    def here(self) -> Path:
        """Where files that a command names lie; the project, for whoever stands nowhere."""
        from orchestrator.sync import project

        return project.here() or self.root

    @property
    def known_hosts(self) -> Path:
        """Beside the inventory, since keys are remembered by the names that it gives."""
        return self._inventory_folder / ".orchestrator" / "known_hosts"

    @cached_property
    def _inventory(self) -> Inventory:
        from orchestrator.store.inventory import reading as inventory
        from orchestrator.values.host import TransportKind, looks_secret
        from orchestrator.values.privacy.kept_words import keep_folder, keep_private
        from orchestrator.values.workspace import workspace_for_others

        file = self.inventory_file
        known = inventory.load(file, os.environ) if file else inventory.built_in()
        for host in known.hosts.values():
            secrets = (value for name, value in host.env if looks_secret(name))
            # What hosts are called here stands in every run's name; nobody is surprised by it.
            address = host.address if host.address not in known.names else None
            keep_private(address or "", str(host.identity_file or ""), host.pod or "", *secrets)
            shown = workspace_for_others(host.workspace)
            keep_folder(host.workspace, shown)
            if host.kind is TransportKind.LOCAL:
                keep_folder(str(Path(host.workspace).expanduser()), shown)
        for one in known.unusable.values():
            secrets = (value for name, value in one.env if looks_secret(name))
            keep_private(*(word for word in one.words if word not in known.names), *secrets)
            keep_folder(one.workspace, workspace_for_others(one.workspace))
        return known

    @property
    def program(self) -> str:
        """How this program is called so that it finds the same files."""
        return _called(("--inventory", self.inventory_path), ("--runs", self.runs_dir))

    @property
    def program_with_other_runs(self) -> str:
        """The same before a --runs that the command gives itself."""
        return _called(("--inventory", self.inventory_path))

    @property
    def typed(self) -> str:
        """This command for the report's "how to reproduce": what was typed, without folders."""
        from orchestrator.values.privacy.repeatable import Stand, repeatable

        return repeatable(["orchestrator", *sys.argv[1:]], Stand(Path.cwd(), self.home))

    def inventory(self) -> Inventory:
        """The inventory, read once; InventoryError says what is wrong with it."""
        return self._inventory

    def host(self, name: str | None) -> Host:
        """The named host, or the inventory's default."""
        return self.inventory().host(name)

    @cached_property
    def runs(self) -> RunStore:
        """All runs; what is shown of them is for strangers too, who must not read the inventory."""
        from orchestrator.errors import InventoryError
        from orchestrator.store.runs.run_store import RunStore

        with contextlib.suppress(InventoryError):  # it names secrets, but is not needed
            self.inventory()
        return RunStore(self.runs_folder)

    @cached_property
    def index(self) -> RunIndex:
        """What is known of all runs without reading each, nor the inventory: words that this one
        calls private are looked for where they are new."""
        from orchestrator.store.index.index import RunIndex

        return RunIndex(
            self.runs_folder, lambda: self.runs, _summary_of, self._mask, self.masked_by
        )

    @cached_property
    def around(self) -> Around:
        """What a report draws on beside its run; whoever waits is told what it cannot know."""
        from orchestrator.cli.screen.console import note
        from orchestrator.errors import InventoryError
        from orchestrator.report.printing.templates import own_folder
        from orchestrator.report.printing.users import passed_over
        from orchestrator.workflows.publishing.around import Around

        try:
            self.inventory()
        except InventoryError as exc:
            note(f"{exc.message}; so nobody knows what it keeps private: look before you share")
        own = own_folder(self.home)
        for file in passed_over(own) if own else ():
            note(f"{file} names no view model, so it is not for reports and ours stands for it")
        return Around(self.index, own)

    def _mask(self) -> Callable[[str], str]:
        from orchestrator.values.privacy.redaction import gate

        assert self.runs  # which reads the inventory
        return gate()

    @property
    def masked_by(self) -> str:
        """Tells the inventory that says what is private from others, and from itself after an edit;
        "" where there is none."""
        from orchestrator.errors import InventoryError

        with contextlib.suppress(OSError, InventoryError):
            if file := self.inventory_file:
                there = file.stat()
                return f"{file.resolve()} {there.st_size} {there.st_mtime_ns}"
        return ""

    @property
    def runs_folder(self) -> Path:
        """Where all runs are kept; it need not be there yet."""
        return self.runs_dir or self._default_runs()

    @cached_property
    def pods(self) -> RunPod:
        """RunPod's API; UsageError if its key is missing from the environment."""
        from orchestrator.cloud import runpod

        return runpod.from_environment(os.environ)

    def transport(
        self, host: Host, accept_new_host_key: bool, afresh: bool = False, noted: bool = True
    ) -> Transport:
        """A way to the host, not yet opened; afresh: by a connection of its own, of which nothing
        stays. noted: whoever waits is told of it before all else."""
        from orchestrator.cli.screen.console import note, on_terminal

        if noted:
            note(f"connecting to {host.name} …")
        from orchestrator.cli.screen import questions
        from orchestrator.store.inventory.reading import keep_outline
        from orchestrator.transport.connect import FirstContact, Trust, connect

        if self.inventory_file:
            keep_outline(self.inventory_file)

        typing = questions.can_type()
        first = FirstContact.ASK if typing and on_terminal() else FirstContact.REFUSE
        if accept_new_host_key:
            first = FirstContact.ACCEPT
        trust = Trust(
            self.known_hosts,
            first,
            questions.ask_about_host_key,
            questions.ask_passphrase if typing else None,
            questions.ask_answers if typing else None,
            frozenset(self.inventory().names),
        )
        keeping = None if afresh else self._keeping(host)
        return connect(host, trust, self._located if host.pod else None, keeping)

    def _keeping(self, host: Host) -> Keeping | None:
        from orchestrator.cli.given.persisting import persist_s
        from orchestrator.cli.screen.console import note
        from orchestrator.values.host import TransportKind

        length_s = persist_s(host)
        if length_s is None or host.kind is TransportKind.LOCAL:
            return None
        from orchestrator.transport.broker.transport import Keeping

        return Keeping(length_s, note)

    def _located(self, host: Host) -> Host:
        """The host of a pod with today's address; waits for a pod on its way up."""
        from orchestrator.cli.screen.console import note
        from orchestrator.cloud.runpod import Waiting, endpoint

        return endpoint(host, self.pods, Waiting(_POD_COMES_UP_S, note))

    def _default_runs(self) -> Path:
        """In the project; with none around us beside the inventory, and without one right here."""
        from orchestrator.errors import InventoryError

        try:
            return self.home / "runs"
        except InventoryError:
            return Path("runs")


def _summary_of(run: Run) -> Summary:
    from orchestrator.workflows.publishing.summary import summary_of

    return summary_of(run)


def _called(*files: tuple[str, Path | None]) -> str:
    words = [word for name, file in files if file for word in (name, str(file))]
    return typed("orchestrator", *words)
