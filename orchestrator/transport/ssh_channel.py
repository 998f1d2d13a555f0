"""A command on an SSH session channel."""

from __future__ import annotations

import contextlib
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from orchestrator.transport.exchange import Tail
from orchestrator.transport.failures import lost, told
from orchestrator.values.host import Host

_POLL_S = 0.1
# RFC 4254, section 9: message numbers; type and recipient channel begin each message about one.
_OF_A_CHANNEL, _CLOSE = range(93, 101), 97
_HEAD = struct.Struct(">BI")
_PIECE_BYTES = 1 << 20
_PACKET_BYTES = 1 << 15
_STDERR_BYTES = 1 << 16
# Of a stderr that never ends so much is read away at a time: whoever waits looks at the clock, too.
_STDERR_PIECES = 64
# In this time any server answers what it does not know (RFC 4254, section 4).
_ALIVE_LIMIT_S = 3.0
# 200 MB at 100 ms RTT took 9.3 s with it, the window and the packets of `ssh`, 12.1 s with
# Paramiko's defaults (measured).
_FAST_CIPHER = "aes128-gcm@openssh.com"
_RSA_SIGNATURES = {"rsa-sha2-512": "ssh-rsa", "rsa-sha2-256": "ssh-rsa"}


def prepare(link: Any, known: set[str]) -> None:
    """Before the first word: ask for the fast cipher, and, as a server has several keys, for one
    that we can compare. known: the kinds of keys that we know of it.
    """
    keep_order(link)
    _note_when_heard(link)
    wanted = link.get_security_options()
    wanted.ciphers = sorted(wanted.ciphers, key=lambda name: name != _FAST_CIPHER)
    wanted.key_types = sorted(
        wanted.key_types, key=lambda name: _RSA_SIGNATURES.get(name, name) not in known
    )


def answers(link: Any, within_s: float = 0.0) -> bool:
    """Whether the server does, whatever its commands do; takes 3 s at most, and then hangs up.

    within_s: one that said anything in the last so many seconds is not asked. On a slow line that
    is in use an answer stands behind all that waits to be sent, and may take longer.
    """
    if abs(time.time() - link.heard_s) > within_s:
        with hang_up_after(_ALIVE_LIMIT_S, link):
            link.global_request("keepalive@openssh.com", wait=True)
    return bool(link.is_active())


def _note_when_heard(link: Any) -> None:
    """Keep in heard_s when the server last said anything, be it that it takes more; in Unix time,
    which goes on while this machine sleeps."""
    read = link.packetizer.read_message

    def read_and_note() -> Any:
        message = read()
        link.heard_s = time.time()
        return message

    link.heard_s, link.packetizer.read_message = time.time(), read_and_note


@contextlib.contextmanager
def hang_up_after(limit_s: float, link: Any) -> Iterator[None]:
    """Close the connection unless the block ends in time; only that wakes some Paramiko calls."""
    watch = threading.Timer(limit_s, link.close)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


@contextlib.contextmanager
def starting(link: Any, limit_s: float) -> Iterator[None]:
    """Start a command in the block: in time, and EOFError where the connection died under it.

    exec_command() waits for ever where the network swallows everything, and of a connection that
    has died Paramiko says "Unable to open channel" or "Channel closed", as of a refusal.
    """
    try:
        with hang_up_after(limit_s, link):
            yield
    except (OSError, EOFError):  # these are about the link already
        link.close()  # its own thread may hear of the end later than we, and call it active
        raise
    except Exception as error:
        link.join(_POLL_S)  # it closes its channels just before it calls itself inactive
        if link.is_active():
            raise
        raise EOFError("it ended while a command was being started") from error


def keep_order(link: Any) -> None:
    """Make `link` send nothing for a channel whose CLOSE it has sent.

    Paramiko lets go of a channel's lock before it sends, so an EOF or data may come after the CLOSE
    that its other thread sends meanwhile; OpenSSH answers that by hanging up on all channels.
    """
    closed: set[int] = set()
    send, open_channel = link._send_message, link.open_channel

    def send_unless_closed(message: Any) -> None:
        # Called with a lock held: the order here is the order on the wire.
        kind, recipient = _HEAD.unpack_from(message.asbytes().ljust(_HEAD.size))
        if kind in _OF_A_CHANNEL and recipient in closed:
            return
        if kind == _CLOSE:
            closed.add(recipient)
        send(message)

    def open_anew(*arguments: Any, **options: Any) -> Any:
        channel = open_channel(*arguments, **options)
        closed.discard(channel.remote_chanid)  # the server uses its numbers again
        return channel

    link._send_message, link.open_channel = send_unless_closed, open_anew


class Spares:
    """Keeps one session channel opened ahead: a command on it costs one round trip, not two."""

    def __init__(self, link: Any, limit_s: float) -> None:
        self._link = link
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._next: Future[Any] | None = self._begin()

    def take(self) -> Any:
        """An open session channel; raises what Paramiko raises when none can be had."""
        with self._lock:
            ready, self._next = self._next, None
        try:
            # A server may refuse the spare one (MaxSessions) and still take the next.
            channel = ready.result(self._limit_s) if ready else None
        except Exception:
            channel = None
        if channel is None or channel.closed:
            channel = self._opened_now()
        with self._lock:
            self._next = self._next or self._begin()
        return channel

    def _opened_now(self) -> Any:
        try:
            return self._link.open_session(timeout=self._limit_s)
        except Exception:
            # Where the server allows no more, a spare begun meanwhile may hold the last place.
            with self._lock:
                ready, self._next = self._next, None
            if ready is None:
                raise
        return ready.result()  # opening has its limit

    def _begin(self) -> Future[Any]:
        opened: Future[Any] = Future()

        def open_one() -> None:
            try:
                opened.set_result(self._link.open_session(timeout=self._limit_s))
            except Exception as error:
                opened.set_exception(error)

        threading.Thread(target=open_one, name="spare channel", daemon=True).start()
        return opened


class SshChannel:
    """Wraps a Paramiko channel so that no call waits for ever; see base.Channel.

    stderr shares the flow-control window with stdout, so it is read away whenever we wait.
    """

    def __init__(self, host: Host, raw: Any, send_limit_s: float) -> None:
        self._host = host
        self._raw = raw
        self._raw.settimeout(_POLL_S)
        self._send_limit_s = send_limit_s
        self.tail = Tail()
        self._draining = threading.Lock()
        self._is_closed = False

    def send(self, data: bytes) -> None:
        """Write all of data; LinkLost if the far end has gone, what it said stays readable."""
        view = memoryview(data)
        with told(self._host, in_use=True), self._writing():
            for start in range(0, len(view), _PIECE_BYTES):
                # Paramiko retries a full socket for ever, so the piece has a limit of its own.
                with hang_up_after(self._send_limit_s + 1, self._raw.get_transport()):
                    self._send_piece(view[start : start + _PIECE_BYTES])

    def close_send(self) -> None:
        """Tell the command that its stdin has ended."""
        with told(self._host, in_use=True), self._writing():
            self._raw.shutdown_write()

    def receive(self, limit: int, timeout_s: float) -> bytes:
        """Return some stdout, or b"" at its end; LinkLost after timeout_s of silence."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._drain_stderr()
            try:
                with self._writing():  # of how much room was made
                    data: bytes = self._raw.recv(limit)
            except TimeoutError:
                if time.monotonic() >= deadline:
                    raise lost(self._host, f"said nothing for {timeout_s:g} s") from None
                continue
            except (OSError, EOFError):
                raise lost(self._host, "is no longer connected") from None
            self._drain_stderr()
            if not data and self._died():
                raise lost(self._host, "is no longer connected")
            return data

    def stderr_tail(self) -> str:
        """The last of stderr so far."""
        self._drain_stderr()
        return str(self.tail)

    def exit_status(self, timeout_s: float) -> int | None:
        """Wait for the end; None after a signal, a dead link, or when time is up."""
        deadline = time.monotonic() + timeout_s
        while not self._raw.status_event.wait(_POLL_S):
            self._drain_stderr()
            if time.monotonic() >= deadline:
                return None
        self._drain_stderr()
        # recv_exit_status() would wait without limit, and says -1 where none was sent.
        status: int = self._raw.exit_status
        return status if status >= 0 else None

    def is_alive(self) -> bool:
        """Ask the server itself, which answers also where the command is silent."""
        return answers(self._raw.get_transport())

    def close(self) -> None:
        """Close both streams."""
        self._is_closed = True
        with contextlib.suppress(OSError, EOFError):
            self._raw.close()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """A connection that takes nothing more is over at once, as in starting()."""
        try:
            yield
        except EOFError:
            self._raw.get_transport().close()
            raise

    def _send_piece(self, piece: memoryview) -> None:
        deadline = time.monotonic() + self._send_limit_s
        while piece:
            try:
                piece = piece[self._raw.send(bytes(piece[:_PACKET_BYTES])) :]
            except TimeoutError:
                self._drain_stderr()
                if time.monotonic() >= deadline:
                    raise lost(self._host, f"read nothing for {self._send_limit_s:g} s") from None

    def _drain_stderr(self) -> None:
        # As above: of a dead link, only what reads stdout or sends has to speak.
        with self._draining, contextlib.suppress(OSError, EOFError):
            for _ in range(_STDERR_PIECES):
                if not self._raw.recv_stderr_ready():
                    return
                self.tail.add(self._raw.recv_stderr(_STDERR_BYTES))

    def _died(self) -> bool:
        """Whether stdout ended because the connection did, or we have closed it meanwhile: no EOF,
        no status, nobody there."""
        if self._raw.eof_received or self._raw.exit_status >= 0:
            return False
        if self._is_closed:
            return True
        link = self._raw.get_transport()
        link.join(_POLL_S)  # as in starting()
        return not link.is_active()
