"""hosts add: from options, or from the ssh command that a cloud prints, to an entry."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.given.once import refuse_repeats
from orchestrator.cli.screen import console
from orchestrator.cli.session import Session
from orchestrator.errors import UsageError
from orchestrator.values.address import PROXY_REFUSED, RUNPOD_PROXY, bracketed
from orchestrator.values.command import Command
from orchestrator.values.privacy.redaction import discreet

if TYPE_CHECKING:
    from orchestrator.store.inventory.ssh_line import SshLine

_LINE = "orchestrator.ssh_line"


class _TakesSshLine(click.Command):
    """Leaves the words from `ssh` to the next option of ours (`--…`) to ssh's own grammar."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if _without_a_name(args):
            raise UsageError(
                "the host has no name yet: what is it to be called?",
                hint="orchestrator hosts add h100 ssh USER@HOST -p PORT",
            )
        own, line = _apart(args, self._value_options())
        ctx.meta[_LINE] = line
        refuse_repeats(self, own, ctx.command_path)  # before, ssh's options stood in the way
        return super().parse_args(ctx, own)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[ssh USER@HOST -p PORT -i FILE]"]

    def _value_options(self) -> set[str]:
        taking = (o for o in self.params if isinstance(o, click.Option) and not o.is_flag)
        return {name for option in taking for name in option.opts}


def _without_a_name(args: Sequence[str]) -> bool:
    """Whether the ssh command stands where the name should; a host may be called ssh."""
    first, second = [*args[:2], "", ""][:2]
    if first == "ssh":
        return second not in ("", "ssh") and not second.startswith(
            ("--", "ssh ", "ssh\t", "ssh://")
        )
    return first.startswith(("ssh ", "ssh\t", "ssh://"))


def _apart(args: Sequence[str], takes_value: set[str]) -> tuple[list[str], list[str]]:
    """Our own words, and those of the ssh command; it comes after the host's name."""
    named = False
    place = 0
    while place < len(args):
        word = args[place]
        if word.startswith("-"):
            place += 1 if word in takes_value else 0
        elif named and (word == "ssh" or word.startswith(("ssh ", "ssh\t", "ssh://"))):
            break
        else:
            named = True
        place += 1
    if place >= len(args):
        return list(args), []
    if args[place] != "ssh":  # in quotes, or a URI
        end = place + 1
        while end < len(args) and args[place].startswith("ssh://") and not _ours(args[end]):
            end += 1
        words = [*_words(args[place]), *args[place + 1 : end]]
    else:
        end = next((at for at in range(place, len(args)) if _ours(args[at])), len(args))
        words = list(args[place:end])
    return [*args[:place], *args[end:]], words


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as exc:
        raise UsageError(
            f"the ssh command cannot be taken apart: {str(exc).lower()}",
            hint="Paste the whole line.",
        ) from None


def _ours(word: str) -> bool:
    return word.startswith("--") and len(word) > 2


@click.command(cls=_TakesSshLine)
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
@click.pass_context
def add(ctx: click.Context, /, name: str, local: bool, pod: str | None, **keys: str | None) -> None:
    """Write a new host into the inventory; every line already there stays as it is.

    The ssh command that a cloud prints may be pasted as it is, in place of --address, --port,
    --user and --identity-file. Values may be variables such as '${POD_PORT}', read each time a
    command runs.

    \b
    Example:
      orchestrator hosts add local --local
      orchestrator hosts add h100 ssh root@203.0.113.7 -p 10022 -i ~/.ssh/id_ed25519
      orchestrator hosts add h100 --address 203.0.113.7 --port 10022 --user root
      orchestrator hosts add h100 --address '${POD_IP}' --port '${POD_PORT}'
    """
    from orchestrator.store.inventory.document import shown_path
    from orchestrator.store.inventory.edit import add_host

    session: Session = ctx.obj
    written = {key: value for key, value in keys.items() if value is not None}
    line = _line(name, ctx.meta[_LINE])
    ways = [local, "address" in written, pod is not None, line is not None]
    if ways.count(True) != 1:
        raise UsageError(
            f"how is {name} reached? Expected exactly one of --address, --pod and --local, or an "
            "ssh command",
            hint=str(_add(name, "--address", "203.0.113.7", "--port", "10022")),
        )
    fields: dict[str, str | int | dict[str, str]] = {"transport": "local" if local else "ssh"}
    if pod is not None:
        fields["runpod"] = {"pod": pod}
    said = _said(line.fields) if line else _without_brackets(written)
    fields |= {key: _number(value) for key, value in _joined(said, written).items()}
    path = _file_to_edit(session)
    entry = add_host(path, name, fields, os.environ).entry(name)
    console.out(f"added {name} ({entry.where}) to {shown_path(path)}")
    _what_is_to_know(name, line, entry.problem)
    step = f"orchestrator deploy --host {name}"
    console.next_step(f"mend that, then: {step}" if entry.problem else step)


def _what_is_to_know(name: str, line: SshLine | None, problem: str | None) -> None:
    if line and line.not_kept:
        console.note(f"not kept, as it is about one session: {', '.join(line.not_kept)}")
    if discreet(name) != name:
        console.note(
            f"{name} looks like a machine's own name, so what is made to be passed on hides it, "
            "commands to repeat a run included; a name of yours, such as h100, stays"
        )
    if problem:
        console.note(f"not usable yet: {problem}")


def _line(name: str, words: list[str]) -> SshLine | None:
    """The ssh command among the words, understood; UsageError: it leads to RunPod's proxy."""
    if not words:
        return None
    from orchestrator.store.inventory import ssh_line

    line = ssh_line.read(words)
    if RUNPOD_PROXY in line.fields["address"].lower():
        # The proxy's login name is the pod's id, a dash and some digits.
        pod = line.fields.get("user", "POD_ID").rpartition("-")[0] or "POD_ID"
        raise UsageError(
            PROXY_REFUSED,
            hint="Use the pod's direct TCP address (Connect > SSH over exposed TCP), or its id: "
            f"{_add(name, '--pod', pod)}",
        )
    return line


def _add(name: str, *words: str) -> Command:
    return Command(("orchestrator", "hosts", "add", name, *words))


def _said(fields: dict[str, str]) -> dict[str, str]:
    """In the inventory's order. A key file of an ssh command is meant from where one stands."""
    order = ("address", "port", "user", "identity_file")
    said = {key: fields[key] for key in order if key in fields}
    if (file := said.get("identity_file")) and file[0] not in "~$":
        said["identity_file"] = str(Path(file).absolute())
    return said


def _without_brackets(written: dict[str, str]) -> dict[str, str]:
    known = bracketed(written.get("address", ""))
    if known is None:
        return {}
    del written["address"]
    return {"address": known.address, **known.beside}


def _joined(said: dict[str, str], written: dict[str, str]) -> dict[str, str]:
    """Both together; UsageError: they contradict each other."""
    for key in said.keys() & written.keys():
        if said[key] != written[key]:
            option = f"--{key.replace('_', '-')}"
            raise UsageError(
                f"{key} is given twice: {said[key]}, and {option} {written[key]}",
                hint=f"Leave {option} out.",
            )
    return {**said, **written}


def _number(text: str) -> str | int:
    """Digits go into the file without quotes."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else text


def _file_to_edit(session: Session) -> Path:
    from orchestrator.store.inventory.reading import FILE_NAME
    from orchestrator.sync import project

    return session.inventory_file or (project.find(project.here()) or Path.cwd()) / FILE_NAME
