"""SSH, and the only file that knows Fabric and Paramiko.

Both are imported inside functions: that costs 150-300 ms, which the TCP connect and `ssh -G`
need anyway, so the two run side by side. Fabric accepts any host key, sets no time limit, and its
run() is quadratic in the output: we bring socket, host key rule and keys, over raw channels.
"""

from __future__ import annotations

import contextlib
import io
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import HostUnreachable
from orchestrator.here.aside import begun
from orchestrator.transport.exchange import run_to_end
from orchestrator.transport.failures import lost, proxy_ended, told, was_dropped
from orchestrator.transport.login import key_file
from orchestrator.transport.login.keys import KeyRing
from orchestrator.transport.login.login import Login
from orchestrator.transport.login.ssh_agent import agent_of
from orchestrator.transport.login.ssh_auth import Dialogue, Signer
from orchestrator.transport.login.trust import HostKeyRule, Trust
from orchestrator.transport.ssh_channel import Spares, SshChannel, answers, prepare, starting
from orchestrator.transport.way import proxy_command
from orchestrator.transport.way.dial import Timeouts, dial
from orchestrator.transport.way.jump import Way, farther, hop
from orchestrator.transport.way.route import Route, resolve, through
from orchestrator.values.command import Command
from orchestrator.values.completed import Completed
from orchestrator.values.host import Host

if TYPE_CHECKING:
    import fabric
    import paramiko

_WINDOW_BYTES = 4 << 20
_PACKET_BYTES = 128 << 10
_RETRY_PAUSES_S = (0.3, 1.0)
# Without a handler, Paramiko's tracebacks of errors that we report ourselves land on stderr.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class SshTransport:
    """One SSH connection, opened once under a lock and used for everything.

    locate: fills in today's address of a host that moves; asked anew at every opening. again: one
    like it was lost in use.
    """

    def __init__(
        self,
        host: Host,
        trust: Trust,
        timeouts: Timeouts | None = None,
        locate: Callable[[Host], Host] | None = None,
        again: bool = False,
    ) -> None:
        self.host = host
        self._trust = trust
        self._timeouts = timeouts or Timeouts()
        self._locate = locate
        self._lock = threading.RLock()
        self._held = contextlib.ExitStack()
        self._link: paramiko.Transport | None = None
        self._spares: Spares | None = None
        self._was_open, self._opening, self._unwanted = again, False, False
        self._deciding = threading.Lock()

    def open(self) -> None:
        """Connect, verify, log in. Any thread may call this early; the others then wait for it."""
        self._opened()

    def run(self, command: Command, *, stdin: bytes = b"", timeout_s: float = 60.0) -> Completed:
        """Run a short command to its end."""
        with self.stream(command) as channel:
            return run_to_end(self.host, channel, channel.tail, stdin, timeout_s)

    @contextlib.contextmanager
    def stream(self, command: Command) -> Iterator[SshChannel]:
        """Start a command on a session channel of its own; no terminal."""
        link, spares = self._opened()
        with told(self.host, in_use=True), starting(link, self._timeouts.channel_s):
            raw = spares.take()
            raw.exec_command(command.shell_line())
        channel = SshChannel(self.host, raw, self._timeouts.send_s)
        try:
            yield channel
        except KeyboardInterrupt:
            link.close()  # maybe in mid-message; and closing a channel takes a line that is alive
            raise
        finally:
            channel.close()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as it is known here."""
        return self._link is not None and bool(self._link.is_active())

    def answers(self, within_s: float = 0.0) -> bool:
        """Whether there is one whose server answers, as of `ssh_channel.answers`."""
        return self._link is not None and answers(self._link, within_s)

    def close(self) -> None:
        """Hang up; the next use connects again. A thread that is opening it is not waited for."""
        with self._deciding:
            self._unwanted = self._opening
        if self._unwanted:  # it may be asking a person; it hangs up when it is through
            return
        with self._lock:
            self._link = self._spares = None
            self._held.close()

    def __enter__(self) -> SshTransport:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _opened(self) -> tuple[paramiko.Transport, Spares]:
        with self._lock:
            if self._link is None or self._spares is None or not self._link.is_active():
                self.close()
                self._link = self._wanted()
                self._spares = Spares(self._link, self._timeouts.channel_s)
            return self._link, self._spares

    def _wanted(self) -> paramiko.Transport:
        self._opening = True
        try:
            link = self._located()
        finally:
            with self._deciding:
                self._opening = False
        if self._unwanted:
            self.close()
            raise lost(self.host, "was let go while we connected")
        return link

    def _located(self) -> paramiko.Transport:
        """A new connection to where the host is now."""
        if self._locate is None:
            return self._connected(self.host)
        try:
            return self._connected(self._locate(self.host))
        except HostUnreachable as error:
            if not (self.host.pod and isinstance(error.__cause__, ConnectionRefusedError)):
                raise
        # It has just restarted: soon its sshd is up, or it is told to be elsewhere.
        time.sleep(_RETRY_PAUSES_S[-1])
        return self._connected(self._locate(self.host))

    def _connected(self, host: Host) -> paramiko.Transport:
        with told(host), contextlib.ExitStack() as held:
            link = _Opening(self._trust, self._timeouts, held, self._was_open).connect(host)
            self._held = held.pop_all()
        self._was_open = True
        return link


@dataclass(frozen=True)
class _Opening:
    """Connections being made; held closes whatever was opened, also after a failure.

    again: one like it was lost in use.
    """

    trust: Trust
    timeouts: Timeouts
    held: contextlib.ExitStack
    again: bool = False

    def connect(self, host: Host, jumps: tuple[str, ...] = (), way: Way = ()) -> paramiko.Transport:
        """A verified, authenticated connection. jumps: used instead of ssh_config's.

        way: what is being connected to, of which host is the next jump.
        """
        way = farther(way, host, jumps)
        reaching = begun(lambda: self._reach(host, jumps), "reaching")
        import fabric  # noqa: F401
        import paramiko

        route, sock = reaching.result()
        pauses_s = iter(_RETRY_PAUSES_S)
        while True:
            carrier = sock or self._carrier(route, way)
            try:
                return self._shake_hands(host, route, getattr(carrier, "socket", carrier))
            except (paramiko.SSHException, EOFError, OSError) as error:
                if why := getattr(carrier, "complaint", ""):
                    raise proxy_ended(host, why) from error
                pause_s = next(pauses_s, None)
                if pause_s is None or not was_dropped(error):
                    raise
            sock = None
            time.sleep(random.uniform(0.5, 1.5) * pause_s)

    def _reach(self, host: Host, jumps: tuple[str, ...]) -> tuple[Route, Any]:
        route = through(resolve(host), host, jumps)
        direct = not route.jumps and not route.proxy_command
        return route, self._dial(route) if direct else None

    def _dial(self, route: Route) -> Any:
        limit_s = route.connect_timeout_s or self.timeouts.connect_s
        return dial(route.address, route.port, limit_s, route.family, route.source)

    def _carrier(self, route: Route, way: Way) -> Any:
        """What ends at the host: TCP, a program with its socket, a jump's channel."""
        if route.proxy_command:
            proxy = proxy_command.start(route.proxy_command)
            self.held.callback(proxy.close)
            return proxy
        if not route.jumps:
            return self._dial(route)
        *before, last = route.jumps
        gate = hop(last, self.trust.names)
        with told(gate):
            link = self.connect(gate, tuple(before), way)
        there, limit_s = (route.address, route.port), self.timeouts.channel_s
        return link.open_channel("direct-tcpip", there, ("", 0), timeout=limit_s)

    def _shake_hands(self, host: Host, route: Route, carrier: Any) -> paramiko.Transport:
        import fabric

        known = {key.kind for key in self.trust.known_keys(host, route)}
        connection: fabric.Connection = fabric.Connection(
            route.address,
            user=route.user,
            port=route.port,
            gateway=False,
            config=fabric.Config(lazy=True),
            connect_kwargs={
                "sock": carrier,
                "timeout": self.timeouts.banner_s,
                # Longer than `timeout`: so a banner error always means a hang-up, never silence.
                "banner_timeout": 2 * self.timeouts.banner_s,
                "auth_timeout": self.timeouts.auth_s,
                "channel_timeout": self.timeouts.channel_s,
                "transport_factory": lambda sock, **options: _tuned(sock, known, **options),
                "auth_strategy": _Strategy(host, route, self),
            },
        )
        self.held.callback(connection.client.close)
        connection.client.set_missing_host_key_policy(HostKeyRule(host, route, self.trust))
        connection.open()
        connection.transport.set_keepalive(self.timeouts.keepalive_s)
        return connection.transport


def _tuned(sock: Any, known: set[str], **options: Any) -> paramiko.Transport:
    import paramiko

    link = paramiko.Transport(
        sock,
        default_window_size=_WINDOW_BYTES,
        default_max_packet_size=_PACKET_BYTES,
        **options,
    )
    prepare(link, known)
    return link


class _Strategy:
    """How to log in; Paramiko calls it where it expects an AuthStrategy."""

    def __init__(self, host: Host, route: Route, opening: _Opening) -> None:
        self._host, self._route, self._opening = host, route, opening

    def authenticate(self, transport: paramiko.Transport) -> None:
        import paramiko

        trust, user = self._opening.trust, self._route.user
        dialogue = Dialogue(transport, user, self._opening.timeouts.auth_s, paramiko.Message)
        login = Login(self._host, user, trust, dialogue, self._opening.again)
        with contextlib.closing(agent_of(self._route)) as agent:
            held = agent.keys()
            login.through(KeyRing(self._host, self._route, trust, held, _load, agent.problem))


def _load(path: Path, passphrase: str | None) -> Signer:
    import paramiko

    # Aside: some keys take a minute to be derived from a passphrase, and nothing breaks that off.
    text = begun(lambda: key_file.unlocked(path, passphrase), "opening a key").result()
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with contextlib.suppress(Exception):  # each meets a key of another kind in its own way
            key = kind.from_private_key(io.StringIO(text))
            return Signer(key.get_name(), key.asbytes(), _signature_by(key))
    raise key_file.ForAgentError("its kind is none that Paramiko can sign with")


def _signature_by(key: paramiko.PKey) -> Callable[[bytes, str], bytes]:
    return lambda data, algorithm: bytes(key.sign_ssh_data(data, algorithm).asbytes())
