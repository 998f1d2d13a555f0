"""What went wrong on the way to a host, in words: one table for everything SSH can throw.

Rows name the exception class as text, so that reading them imports no SSH library.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestrator.errors import HostUnreachable, LinkLost, OrchestratorError
from orchestrator.here import local_fault
from orchestrator.values.command import Command
from orchestrator.values.host import Host

_POD_MOVED = "If it is a pod: is it running? Its address and port change at every restart."


@dataclass(frozen=True)
class _Row:
    """First match wins. kind: a class name in the exception's ancestry; text: part of its str.

    in_use: holds for an open connection as well, which has not died by it.
    """

    kind: str
    text: str
    what: str
    hint: str
    in_use: bool = False


_DROPPED = _Row(
    "SSHException",
    "protocol banner",
    "{where} closed the connection before saying hello",
    "Too many logins at once (sshd's MaxStartups), or the port is not SSH. Try again shortly.",
)

_NO_CHANNEL = "{where} refused to open another channel: {error}"
_CHANNEL_LIMITS = "Its sshd limits sessions (MaxSessions) or forwarding (AllowTcpForwarding)."

_TABLE = (
    _Row(
        "gaierror",
        "",
        "{where}: the name cannot be resolved (DNS)",
        "Check `address:` in the inventory and your network.",
    ),
    _Row(
        "NoHostName",
        "",
        "{where}: this is not a host name",
        "Correct `address:` in the inventory.",
    ),
    _Row("ConnectionRefusedError", "", "{where} refuses connections on this port", _POD_MOVED),
    _Row("TimeoutError", "", "{where} does not answer", f"{_POD_MOVED} Is a firewall in between?"),
    _DROPPED,
    _Row(
        "SSHException",
        "No existing session",
        "{where} accepts connections but does not finish the SSH handshake",
        "The machine may be starting, overloaded, or the port is not SSH. Try again shortly.",
    ),
    _Row(
        "SSHException",
        "protocol version",
        "{where} does not speak SSH on this port: {error}",
        "Check `port:` in the inventory.",
    ),
    _Row("ChannelException", "", _NO_CHANNEL, _CHANNEL_LIMITS, in_use=True),
    # The same of two threads at once: Paramiko keeps one exception, and one of them gets it.
    _Row("SSHException", "Unable to open channel", _NO_CHANNEL, _CHANNEL_LIMITS, in_use=True),
    _Row(
        "SSHException",
        "Channel closed",
        "{where} refused to run a command",
        "Its account or sshd allows no commands; ask for a shell account, or the pod's direct "
        "TCP address.",
        in_use=True,
    ),
    _Row(
        "IncompatiblePeer",
        "",
        "{where} shares no SSH algorithm with us: {error}",
        "Its SSH server is too old or too restricted for Paramiko.",
    ),
    _Row("SSHException", "", "the SSH connection to {where} failed: {error}", "Try again."),
    _Row("UnicodeError", "", "the SSH connection to {where} failed: {error}", "Try again."),
    _Row("EOFError", "", "{where} closed the connection", "Try again."),
    _Row(
        "OSError", "", "{where} cannot be reached: {error}", "Check your network and the address."
    ),
)


@contextmanager
def told(host: Host, *, in_use: bool = False) -> Iterator[None]:
    """Turn whatever SSH raises inside the block into one of our errors about `host`.

    in_use: the connection had been made before, so its death is a LinkLost.
    """
    try:
        yield
    except OrchestratorError:
        raise
    except (OSError, EOFError, UnicodeError) as error:
        # Such as known_hosts, or too much is open; a missing program is a ProxyCommand's.
        if local_fault.is_of_files(error) and error.errno != errno.ENOENT:
            raise local_fault.told(error) from error
        raise _in_words(host, error, in_use) from error
    except Exception as error:
        if not _is_a(error, "SSHException"):
            raise
        raise _in_words(host, error, in_use) from error


def was_dropped(error: BaseException) -> bool:
    """Whether the server hung up before its banner: worth another try (sshd's MaxStartups)."""
    return _fits(_DROPPED, error)


def proxy_ended(host: Host, why: str) -> HostUnreachable:
    """HostUnreachable about host, whose ProxyCommand ended before there was a connection."""
    return HostUnreachable(
        f"the ProxyCommand for {host.where} failed: {why}",
        hint=f"Try `{Command(('ssh', host.address or '', 'true'))}`, and correct ~/.ssh/config.",
    )


def lost(host: Host, what: str) -> LinkLost:
    """LinkLost about host, with the usual way on."""
    return LinkLost(
        f"{host.where} {what}", hint="Run the same command again; a started job keeps running."
    )


def _in_words(host: Host, error: BaseException, in_use: bool) -> HostUnreachable:
    for row in _TABLE:
        if _fits(row, error) and row.in_use >= in_use:
            what = row.what.format(where=host.where, error=error)
            return HostUnreachable(what, hint=_where_it_stands(host, row.hint))
    return lost(host, f"is no longer connected: {error or type(error).__name__}")


def _where_it_stands(host: Host, hint: str) -> str:
    if not host.is_jump:
        return hint
    hint = hint.replace("`address:` in the inventory", "its HostName in ~/.ssh/config")
    return hint.replace("`port:` in the inventory", "its Port in ~/.ssh/config")


def _fits(row: _Row, error: BaseException) -> bool:
    return _is_a(error, row.kind) and row.text in str(error)


def _is_a(error: BaseException, kind: str) -> bool:
    return any(ancestor.__name__ == kind for ancestor in type(error).__mro__)
