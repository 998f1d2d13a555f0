"""A TCP proxy in this process that behaves like a bad network: slow, cut, silent or refusing."""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import threading
import time
from enum import Enum, auto

_CHUNK_BYTES = 1 << 16
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class _Way(Enum):
    UP = auto()
    DOWN = auto()


class LossyLink:
    """Forwards its own loopback port to target_port; every byte arrives latency_s later.

    round_trips counts how often the far side spoke after the near side had: with latency, each
    of them costs two latencies.
    """

    def __init__(self, target_port: int, latency_s: float = 0.0) -> None:
        self.latency_s = latency_s
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
        line: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(source, line, way), daemon=True).start()
        threading.Thread(target=self._write, args=(sink, line), daemon=True).start()

    def _read(
        self, source: socket.socket, line: queue.SimpleQueue[tuple[float, bytes]], way: _Way
    ) -> None:
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

    def _write(self, sink: socket.socket, line: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = line.get()
                time.sleep(max(0.0, due - time.monotonic()))
                self._flows.wait()
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
