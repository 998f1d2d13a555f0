"""The near end of the sync benchmark: runs inside the line's namespace and prints its samples.

Started by `benchmarks.sync`: an order as JSON, address, port, user.
stdout: the round trip, then one sample a line.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.project import Size, change_one, grow
from benchmarks.samples import Case, Sample
from benchmarks.server import Server
from benchmarks.ways import Method, Setting, Way, all_ways, is_equal


@dataclass(frozen=True)
class Order:
    """What to measure. methods: names of Method; place: a folder with the server's own in it."""

    rtt_ms: int
    sizes: tuple[tuple[int, int], ...]
    methods: tuple[str, ...]
    rounds: int
    place: str


def measure(order: Order, server: Server) -> Iterator[Sample]:
    """Yield samples: in each round every case once, and in each case every method once."""
    for number, (files, megabytes) in enumerate(order.sizes):
        size = Size(files, megabytes)
        place = Path(order.place, str(number))
        tree = place / "tree"
        tree.mkdir(parents=True)
        grow(tree, size)
        with all_ways(Setting(tree, server, place)) as ways:
            chosen = [way for way in ways if way.method.name in order.methods]
            for round_ in range(order.rounds):
                for case in Case:
                    for way in _turned(_able(chosen, case, round_, number), round_):
                        seconds = _time(way, case, tree)
                        yield Sample(order.rtt_ms, size.name, case, way.method, round_, seconds)
                    if case is Case.NOTHING:
                        change_one(tree, str(round_))


def _able(ways: list[Way], case: Case, round_: int, size: int) -> list[Way]:
    """Fabric's put takes minutes on a long line: once, on the first size, is enough."""
    once = case is Case.FIRST and round_ == 0 and size == 0
    return [way for way in ways if way.method is not Method.FABRIC_PUT or once]


def _turned(ways: list[Way], by: int) -> list[Way]:
    """Another order each round, so that a drift of the machine hits all alike."""
    by %= max(1, len(ways))
    return ways[by:] + ways[:by]


def _time(way: Way, case: Case, tree: Path) -> float:
    if case is Case.FIRST:
        way.forget()
    started = time.perf_counter()
    way.sync()
    seconds = time.perf_counter() - started
    if not is_equal(tree, way.arrived()):
        raise RuntimeError(f"{way.method.value}, {case.value}: what arrived is not what was sent")
    return seconds


def round_trip_ms(address: str, port: int) -> float:
    """Median time to open a TCP connection."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        with socket.create_connection((address, port), timeout=10):
            times.append(time.perf_counter() - started)
    return median(times) * 1000


def main() -> None:
    text, address, port, user = sys.argv[1:]
    order = Order(**json.loads(text))
    server = Server(address, int(port), user, Path(order.place, "server"))
    print(f"{round_trip_ms(address, server.port):.1f} ms", flush=True)
    for sample in measure(order, server):
        what = f"{sample.size}, {sample.case.value}, {sample.method.value}"
        print(f"{order.rtt_ms} ms, {what}: {sample.seconds:.3f} s", file=sys.stderr, flush=True)
        print(json.dumps(asdict(sample)), flush=True)


if __name__ == "__main__":
    main()
