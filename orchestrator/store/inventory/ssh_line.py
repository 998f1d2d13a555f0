"""An ssh command line as clouds print it, read for what the inventory keeps of it (ssh(1))."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from orchestrator.errors import UsageError
from orchestrator.values.address import bracketed, destination

# ssh(1)'s options, without those read below. What changes the way to the host or its account is
# not ours to leave out; the rest is about one session or its terminal.
_WITH_VALUE = frozenset("bcDEeFIiJLlmOopPQRSWwB")
_SESSION_FLAGS, _SESSION_VALUES = frozenset("AaCfgKkMNnqTtvXxYy46"), frozenset("cDEeLmRS")
_SETTINGS = """
addkeystoagent addressfamily batchmode checkhostip ciphers compression connectionattempts
connecttimeout controlmaster controlpath controlpersist dynamicforward escapechar
exitonforwardfailure forwardagent forwardx11 forwardx11trusted globalknownhostsfile hashknownhosts
hostkeyalgorithms identitiesonly ipqos kexalgorithms localforward loglevel macs
numberofpasswordprompts passwordauthentication permitlocalcommand preferredauthentications
pubkeyacceptedalgorithms pubkeyacceptedkeytypes pubkeyauthentication remoteforward requesttty
sendenv serveralivecountmax serveraliveinterval setenv stricthostkeychecking tcpkeepalive
updatehostkeys userknownhostsfile visualhostkey
"""
_SESSION_KEYS = frozenset(_SETTINGS.split())
_KEPT_KEYS = {"port": "port", "user": "user", "identityfile": "identity_file"}
_KEPT_OPTIONS = {"p": "port", "l": "user", "i": "identity_file"}
_WAY_OUT = (
    "Write the way there into ~/.ssh/config under an alias, then: "
    "orchestrator hosts add NAME --address ALIAS"
)


@dataclass
class SshLine:
    """What a line says. fields: address, port, user, identity_file, where given, as written.

    not_kept: options that are about a session, such as forwards; none of ours has them.
    """

    fields: dict[str, str] = field(default_factory=dict)
    not_kept: list[str] = field(default_factory=list)

    def keep(self, name: str, value: str) -> None:
        """UsageError: another value was given before."""
        if self.fields.setdefault(name, value) != value:
            raise UsageError(
                f"the ssh command gives {name} twice: {self.fields[name]} and {value}",
                hint="Leave one of them out.",
            )


def read(words: Sequence[str]) -> SshLine:
    """Read the words of an ssh command, with or without the leading `ssh`.

    UsageError: an option that is unknown, or that the inventory cannot keep and the host may need;
    a command for the host; no host.
    """
    line, rest = SshLine(), list(words)
    if rest and rest[0] == "ssh":
        rest.pop(0)
    while rest:
        word = rest.pop(0)
        if word == "--":
            continue
        if word.startswith("-") and len(word) > 1:
            _read_options(line, word[1:], rest)
        elif "address" in line.fields:
            raise UsageError(
                f"{word!r} would be a command for the host; expected `ssh USER@HOST -p PORT`",
                hint="Leave the command out: what runs there is for later.",
            )
        else:
            _read_destination(line, word)
    if "address" not in line.fields:
        raise UsageError(
            "the ssh command names no host; expected `ssh USER@HOST -p PORT`",
            hint="Paste the command as the cloud's console shows it.",
        )
    return line


def _read_options(line: SshLine, letters: str, rest: list[str]) -> None:
    """One word of options, such as `p22`, `tt` or `Np` with its value in rest."""
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter in _SESSION_FLAGS:
            line.not_kept.append(f"-{letter}")
            continue
        if letter not in _WITH_VALUE:
            raise UsageError(
                f"the ssh command has -{letter}, which we do not understand",
                hint="Leave it out, if the host can be reached without it.",
            )
        if not letters and not rest:
            raise UsageError(
                f"the ssh command ends after -{letter}, which takes a value",
                hint="Paste the whole line.",
            )
        value, letters = letters or rest.pop(0), ""
        if letter in _KEPT_OPTIONS:
            line.keep(_KEPT_OPTIONS[letter], value)
        elif letter == "o":
            _read_setting(line, value)
        elif letter in _SESSION_VALUES:
            line.not_kept.append(f"-{letter} {value}")
        else:
            raise _refused(f"-{letter} {value}")


def _read_setting(line: SshLine, text: str) -> None:
    name, _, value = text.replace("=", " ", 1).strip().partition(" ")
    if name.lower() in _KEPT_KEYS:
        line.keep(_KEPT_KEYS[name.lower()], value.strip())
    elif name.lower() in _SESSION_KEYS:
        line.not_kept.append(f"-o {text}")
    else:
        raise _refused(f"-o {text}")


def _read_destination(line: SshLine, word: str) -> None:
    user, _, host = word.rpartition("@")
    given = {"address": host, "user": user}
    known = destination(word) if word.startswith("ssh://") else bracketed(word)
    if known:
        given = {"address": known.address, **known.beside}
    elif word.startswith("ssh://"):
        raise UsageError(
            f"{word!r} is no address; expected ssh://USER@HOST:PORT",
            hint="Paste the command as the cloud's console shows it.",
        )
    for name, value in given.items():
        if value:
            line.keep(name, value)


def _refused(option: str) -> UsageError:
    return UsageError(
        f"the ssh command has {option}, which the inventory cannot keep", hint=_WAY_OUT
    )
