"""A TCP proxy in this process that behaves like a bad network: slow, cut, silent or refusing."""

from __future__ import annotations

import contextlib
import queue
import random
import socket
import struct
import threading
import time
from dataclasses import dataclass
from enum import Enum, auto

_CHUNK_BYTES = 1 << 16
_QUEUED_PIECES = 8
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_Line = queue.Queue[tuple[float, bytes]]


class _Way(Enum):
    UP = auto()
    DOWN = auto()


@dataclass(frozen=True)
class Loss:
    """Packets that do not arrive, as TCP's user meets them: less room, and pauses out of order.

    A lost packet holds back all that follows it. If others follow soon, the gap is noticed after
    a round trip; else, or if it is lost once more, a timer runs out that doubles each time
    (RFC 6298, from the 200 ms that Linux starts with).
    """

    share: float
    bytes_per_s: float
    round_trip_s: float
    timer_s: float = 0.2
    packet_bytes: int = 1448
    seed: int = 20261123


class _Recovery:
    """How long one direction of a lossy line takes for its pieces; lost counts the packets."""

    def __init__(self, loss: Loss, way: _Way) -> None:
        self._loss, self._chance = loss, random.Random(f"{loss.seed} {way.name}")
        self.lost = 0

    def pause_s(self, size_bytes: int) -> float:
        packets = -(-size_bytes // self._loss.packet_bytes)
        took_s = size_bytes / self._loss.bytes_per_s
        for number in range(packets):
            took_s += self._of_packet(followed=number + 3 < packets)
        return took_s

    def _of_packet(self, followed: bool) -> float:
        waited_s, timer_s = 0.0, self._loss.timer_s
        while self._chance.random() < self._loss.share:
            self.lost += 1
            if followed and not waited_s:
                waited_s += self._loss.round_trip_s
                continue
            waited_s += timer_s
            timer_s *= 2
        return waited_s


class LossyLink:
    """Forwards its own loopback port to target_port; every byte arrives latency_s later.

    loss: packets get lost as well; lost_packets counts them. What the line cannot carry yet fills
    a bounded queue, so that the sender feels it.

    round_trips counts how often the far side spoke after the near side had: with latency, each
    of them costs two latencies.
    """

    def __init__(self, target_port: int, latency_s: float = 0.0, loss: Loss | None = None) -> None:
        self.latency_s = latency_s
        self._loss = loss
        self._recoveries: list[_Recovery] = []
        self.round_trips = 0
        self._target_port = target_port
        self._flows = threading.Event()
        self._flows.set()
        self._last_way = _Way.DOWN
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def lost_packets(self) -> int:
        return sum(recovery.lost for recovery in self._recoveries)

    def blackhole(self) -> None:
        """From now on nothing arrives, on old and new connections; nobody is told."""
        self._flows.clear()

    def restore(self) -> None:
        """End a blackhole; what was held back arrives."""
        self._flows.set()

    def cut(self) -> None:
        """Reset every open connection; new ones still work."""
        with self._lock:
            doomed, self._sockets = self._sockets, []
        for end in doomed:
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def refuse(self) -> None:
        """Stop listening: new connections are refused, old ones live on."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close(self) -> None:
        """End everything."""
        self.refuse()
        self._flows.set()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target_port))
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._sockets += (near, far)
                self._pump(near, far, _Way.UP)
                self._pump(far, near, _Way.DOWN)

    def _pump(self, source: socket.socket, sink: socket.socket, way: _Way) -> None:
        line: _Line = queue.Queue(_QUEUED_PIECES if self._loss else 0)
        recovery = _Recovery(self._loss, way) if self._loss else None
        if recovery:
            self._recoveries.append(recovery)
        threading.Thread(target=self._read, args=(source, line, way), daemon=True).start()
        threading.Thread(target=self._write, args=(sink, line, recovery), daemon=True).start()

    def _read(self, source: socket.socket, line: _Line, way: _Way) -> None:
        data = b"more"
        while data:
            try:
                data = source.recv(_CHUNK_BYTES)
            except OSError:
                data = b""
            with self._lock:
                if data and way is _Way.DOWN and self._last_way is _Way.UP:
                    self.round_trips += 1
                self._last_way = way if data else self._last_way
            line.put((time.monotonic() + self.latency_s, data))

    def _write(self, sink: socket.socket, line: _Line, recovery: _Recovery | None) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = line.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if recovery:
                    time.sleep(recovery.pause_s(len(data)))
                self._flows.wait()
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
