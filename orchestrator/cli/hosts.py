"""hosts: the machines of the inventory."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import console, options
from orchestrator.cli.session import Session
from orchestrator.errors import InventoryError, UsageError

if TYPE_CHECKING:
    from orchestrator.model.host import Host


@click.group(invoke_without_command=True)
@options.json_option
@click.pass_context
def hosts(ctx: click.Context, as_json: bool) -> None:
    """List, show and add the machines of the inventory.

    \b
    Example:
      orchestrator hosts
      orchestrator hosts show h100
      orchestrator hosts add h100 --address 203.0.113.7 --port 10022 --user root
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
    inventory = session.inventory()
    if as_json:
        rows = [{**asdict(entry), "kind": entry.kind.value} for entry in inventory.entries]
        console.out_json(rows)
    else:
        width = max(len(name) for name in inventory.names)
        reach = max(len(entry.where) for entry in inventory.entries)
        for entry in inventory.entries:
            star = "*" if entry.default else " "
            line = f"{star} {entry.name:<{width}}  {entry.kind.value:<5}  {entry.where:<{reach}}"
            console.out(f"{line}  {entry.problem}".rstrip())
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
        console.out_json(facts)
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
        "gpu": host.gpu,
        "env": dict(host.shown_environment),
    }
    return {key: value for key, value in facts.items() if value is not None}


@hosts.command()
@click.argument("name")
@click.option("--local", is_flag=True, help="This machine, without SSH.")
@click.option("--address", metavar="HOST", help="DNS name, IP or alias of ~/.ssh/config.")
@click.option("--pod", metavar="ID", help="RunPod pod id, in place of an address.")
@click.option("--port", metavar="PORT", help="SSH port.")
@click.option("--user", metavar="LOGIN", help="Login name on the host.")
@click.option("--identity-file", metavar="FILE", help="Private key; relative to the inventory.")
@click.option("--host-key", metavar="SHA256:…", help="Believe this host key and no other.")
@click.option("--workspace", metavar="DIR", help="Directory on the host that we may fill.")
@click.option("--python", metavar="PROGRAM", help="The host's Python that has torch.")
@click.option("--cuda-home", metavar="DIR", help="CUDA toolkit to build with; holds bin/nvcc.")
@click.option("--gpu", metavar="N", help="Index of the GPU to use.")
@click.pass_obj
def add(session: Session, /, name: str, local: bool, pod: str | None, **keys: str | None) -> None:
    """Write a new host into the inventory; every line already there stays as it is.

    Values may be variables such as '${POD_PORT}', read each time a command runs.

    \b
    Example:
      orchestrator hosts add local --local
      orchestrator hosts add h100 --address 203.0.113.7 --port 10022 --user root
      orchestrator hosts add h100 --address '${POD_IP}' --port '${POD_PORT}'
    """
    from orchestrator.store.inventory_document import shown_path
    from orchestrator.store.inventory_edit import add_host

    if [local, keys["address"] is not None, pod is not None].count(True) != 1:
        raise UsageError(
            f"how is {name} reached? Expected exactly one of --address, --pod and --local",
            hint=f"orchestrator hosts add {name} --address 203.0.113.7 --port 10022",
        )
    fields: dict[str, str | int | dict[str, str]] = {"transport": "local" if local else "ssh"}
    if pod is not None:
        fields["runpod"] = {"pod": pod}
    fields |= {key: _number(value) for key, value in keys.items() if value is not None}
    path = _file_to_edit(session)
    entry = add_host(path, name, fields, os.environ).entry(name)
    console.out(f"added {name} ({entry.where}) to {shown_path(path)}")
    if entry.problem:
        console.note(f"not usable yet: {entry.problem}")
    console.next_step(f"orchestrator deploy --host {name}")


def _number(text: str) -> str | int:
    """Digits go into the file without quotes."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else text


def _file_to_edit(session: Session) -> Path:
    from orchestrator.store.inventory import FILE_NAME

    try:
        return session.inventory_file
    except InventoryError:
        return Path.cwd() / FILE_NAME


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
    from orchestrator.cli.hosts_status import show_status

    return show_status(session, name, as_json)


@hosts.command()
@click.argument("name")
@click.pass_obj
def trust(session: Session, name: str) -> None:
    """Forget the host key stored for NAME, so that the next contact asks again.

    For a machine that was rebuilt: a changed key is otherwise refused.

    \b
    Example:
      orchestrator hosts trust h100
    """
    from orchestrator.cloud.pod import alias_prefix
    from orchestrator.model.host import TransportKind
    from orchestrator.transport.known_hosts import forget

    entry = session.inventory().entry(name)
    if entry.kind is TransportKind.LOCAL:
        raise UsageError(
            f"{name} is this machine and has no host key",
            hint="Name a host with transport: ssh; `orchestrator hosts` lists them.",
        )
    host = session.inventory().hosts.get(name)
    alias = f"{alias_prefix(host.pod)}*" if host and host.pod else name
    if forget(session.known_hosts, alias):
        console.out(f"forgot the host key of {name}")
    else:
        console.out(f"no host key was stored for {name}")
    console.next_step(f"orchestrator deploy --host {name}")
