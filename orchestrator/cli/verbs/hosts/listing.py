"""hosts: the machines of the inventory."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.given import options
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.cli.verb import Verb
from orchestrator.cli.verbs.hosts.adding import add
from orchestrator.errors import UsageError
from orchestrator.values.host import LauncherKind

if TYPE_CHECKING:
    from orchestrator.store.inventory.reading import Inventory
    from orchestrator.values.host import Host

VERB = Verb("hosts", "List, show and add the machines of the inventory.", 10)


@click.group(invoke_without_command=True)
@options.json_option
@click.pass_context
def hosts(ctx: click.Context, as_json: bool) -> None:
    """List, show and add the machines of the inventory, and the connections that are open to them.

    \b
    Example:
      orchestrator hosts
      orchestrator hosts show h100
      orchestrator hosts add h100 ssh root@203.0.113.7 -p 10022
    """
    if ctx.invoked_subcommand is not None:
        options.refuse_before_subcommand(ctx)
    else:
        _list(ctx.obj, as_json)


@hosts.command("list")
@options.json_option
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """List the hosts; * marks the default one.

    \b
    Example:
      orchestrator hosts list --json
    """
    _list(session, as_json)


def _list(session: Session, as_json: bool) -> None:
    from orchestrator.transport.broker.listed import open_to

    inventory = session.inventory()
    kept = open_to(session.known_hosts, inventory.names)
    open_ones = {name: one.words for name, one in kept.items()}
    if as_json:
        rows: list[dict[str, Any]] = [
            {**asdict(entry), "kind": entry.kind.value} for entry in inventory.entries
        ]
        for row in rows:
            row |= {"connection": asdict(kept[row["name"]])} if row["name"] in kept else {}
        console.out_json(rows, private=True)
    else:
        width = max(len(name) for name in inventory.names)
        reach = max(len(entry.where) for entry in inventory.entries)
        for entry in inventory.entries:
            star = "*" if entry.default else " "
            line = f"{star} {entry.name:<{width}}  {entry.kind.value:<5}  {entry.where:<{reach}}"
            about = "; ".join(filter(None, (entry.problem, open_ones.get(entry.name, ""))))
            console.out(f"{line}  {about}".rstrip())
    console.next_step(f"orchestrator deploy --host {inventory.default}")


@hosts.command()
@click.argument("name", required=False)
@options.json_option
@click.pass_obj
def show(session: Session, name: str | None, as_json: bool) -> None:
    """Show one host as commands will use it; without NAME the default one.

    Values of env whose name looks like a secret are masked.

    \b
    Example:
      orchestrator hosts show h100 --json
    """
    host = session.host(name)
    facts = _facts(host)
    if as_json:
        console.out_json(facts, private=True)
    else:
        environment = facts.pop("env")
        for key, value in facts.items():
            console.out(f"{key:<14} {value}")
        for key, value in environment.items():
            console.out(f"{'env':<14} {key}={value}")
    console.next_step(f"orchestrator deploy --host {host.name}")


def _facts(host: Host) -> dict[str, Any]:
    """Return what is set; keys as the inventory writes them, units of none needed."""
    facts = {
        "name": host.name,
        "transport": host.kind.value,
        "address": host.address,
        "pod": host.pod,
        "port": host.port,
        "user": host.user,
        "identity_file": str(host.identity_file) if host.identity_file else None,
        "host_key": host.host_key,
        "workspace": host.workspace,
        "python": host.python,
        "cuda_home": host.cuda_home,
        "nvcc_flags": host.nvcc_flags,
        "host_compiler": host.host_compiler,
        "gpu": host.gpu,
        "persist": f"{host.persist_s:g}s" if host.persist_s else None,
        "launcher": host.launcher.value if host.launcher is not LauncherKind.DETACHED else None,
        "env": dict(host.shown_environment),
    }
    return {key: value for key, value in facts.items() if value is not None}


hosts.add_command(add)


@hosts.command()
@click.argument("name", required=False)
@options.json_option
@click.pass_obj
def status(session: Session, name: str | None, as_json: bool) -> int:
    """Ask RunPod about the pod NAME, or all pods: state, GPU, price, start and endpoint.

    Nothing is connected to; the API key is read from RUNPOD_API_KEY.

    \b
    Example:
      orchestrator hosts status
      orchestrator hosts status h100 --json
    """
    from orchestrator.cli.verbs.hosts.status import show_status

    return show_status(session, name, as_json)


@hosts.command()
@click.argument("name", required=False)
@click.pass_obj
def disconnect(session: Session, name: str | None) -> None:
    """End the connection that is kept open to NAME, or all that are kept to hosts of the inventory.

    Commands that use it lose their link; jobs on the host go on.

    \b
    Example:
      orchestrator hosts disconnect h100
    """
    from orchestrator.transport.broker.listed import end

    inventory = session.inventory()
    names = inventory.names if name is None else (inventory.entry(name).name,)
    ended = end(session.known_hosts, names)
    for one, used_by in ended.items():
        lost = f"; {_commands(used_by)} lost the link" if used_by else ""
        console.out(f"ended the connection to {one}{lost}")
    if not ended:
        console.out(f"no connection to {name or 'any host'} is kept open")
    console.next_step("orchestrator hosts")


def _commands(count: int) -> str:
    return "1 command" if count == 1 else f"{count} commands"


@hosts.command()
@click.argument("name")
@click.pass_obj
def trust(session: Session, name: str) -> None:
    """Forget the host key stored for NAME, so that the next contact asks again.

    For a machine that was rebuilt: a changed key is otherwise refused. NAME may also be a jump host
    of ~/.ssh/config, as it is written there: gate or '[gate]:2222'.

    \b
    Example:
      orchestrator hosts trust h100
    """
    from orchestrator.transport.login.known_hosts import forget

    inventory = session.inventory()
    is_jump = name not in inventory.names and _keeps(session, name)
    aliases = [name] if is_jump else _aliases(inventory, name)
    if sum(forget(session.known_hosts, alias) for alias in aliases):
        console.out(f"forgot the host key of {name}")
    else:
        console.out(f"no host key was stored for {name}")
    console.next_step(f"orchestrator deploy --host {inventory.default if is_jump else name}")


def _keeps(session: Session, name: str) -> bool:
    """Whether there is a key of a jump host by this name, which the inventory need not know."""
    from orchestrator.transport.login.known_hosts import keys_of

    return bool(keys_of(session.known_hosts, name, in_capitals_too=False))


def _aliases(inventory: Inventory, name: str) -> list[str]:
    """What the keys of a host are kept under; a pod has one for each start."""
    from orchestrator.cloud.pod import alias_prefix
    from orchestrator.values.host import TransportKind

    if inventory.entry(name).kind is TransportKind.LOCAL:
        raise UsageError(
            f"{name} is this machine and has no host key",
            hint="Name a host with transport: ssh; `orchestrator hosts` lists them.",
        )
    host = inventory.hosts.get(name)
    if host is None or host.pod is None:
        return [name]
    prefix = alias_prefix(host.pod)
    return [f"{prefix}????????T??????Z", f"{prefix}never"]
