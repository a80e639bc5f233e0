"""Prometheus metrics: requests by route and status, and how long they took.

Counting must cost next to nothing, so it is two additions in memory. With several workers each writes its figures to a
file of one folder (`FOLDER`, set by `serve`) now and then, and whichever answers ``/metrics`` adds the files up.
"""

import asyncio
import os
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
FOLDER: Final = "SERVER_METRICS_FOLDER"  # not XINGLIN_*: it is no setting, and unknown ones are refused
WRITE_EVERY_S: Final = 1.0
BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Times(msgspec.Struct):
    """How long the requests of one route took: how many fell between the bounds, and the seconds of all."""

    buckets: list[int]
    seconds: float = 0.0


class Figures(msgspec.Struct):
    """What one process has counted. requests: by ``METHOD route status``."""

    requests: dict[str, int]
    times: dict[str, Times]


class Metrics:
    """Counts the requests of one process."""

    def __init__(self) -> None:
        folder = os.environ.get(FOLDER)
        self._file = None if folder is None else Path(folder) / f"{os.getpid()}.json"
        self._requests: dict[tuple[str, str, int], int] = {}
        self._times: dict[str, Times] = {}
        self._waiting = False

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; *route* is a template, so that there are few of them."""
        key = (method, route, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        times = self._times.get(route)
        if times is None:
            times = self._times[route] = Times([0] * (len(BOUNDS) + 1))
        times.buckets[bisect_left(BOUNDS, seconds)] += 1
        times.seconds += seconds
        if self._file is not None and not self._waiting:
            self._waiting = True
            asyncio.get_running_loop().call_later(WRITE_EVERY_S, self.write)

    def figures(self) -> Figures:
        """Give what this process has counted."""
        return Figures({" ".join(map(str, key)): count for key, count in self._requests.items()}, self._times)

    def write(self) -> None:
        """Write this process' figures for the others; a reader never sees half of them."""
        self._waiting = False
        if self._file is None:
            return
        part = self._file.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(self.figures()))
        part.replace(self._file)

    def text(self) -> bytes:
        """Write the figures of all workers in Prometheus' text form."""
        registry = CollectorRegistry()
        registry.register(_Collector(list(self._all())))
        return generate_latest(registry)

    def _all(self) -> Iterable[Figures]:
        yield self.figures()
        if self._file is not None:
            for file in self._file.parent.glob("*.json"):
                if file != self._file:
                    yield msgspec.json.decode(file.read_bytes(), type=Figures)


class _Collector:
    """The sum of several processes' figures."""

    def __init__(self, figures: list[Figures]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Give the metric families, as `prometheus_client` asks for them."""
        counter = CounterMetricFamily("xinglin_requests", "Requests answered.", labels=("method", "route", "status"))
        for key, count in sorted(_sum(one.requests for one in self._figures).items()):
            counter.add_metric(key.split(" "), count)
        yield counter
        histogram = HistogramMetricFamily("xinglin_request_seconds", "Seconds to the answer.", labels=("route",))
        for route in sorted({route for one in self._figures for route in one.times}):
            times = [one.times[route] for one in self._figures if route in one.times]
            total = 0
            buckets: list[tuple[str, float]] = []
            for at, bound in enumerate((*map(str, BOUNDS), "+Inf")):
                total += sum(one.buckets[at] for one in times)
                buckets.append((bound, total))
            histogram.add_metric([route], buckets, sum(one.seconds for one in times))
        yield histogram


def _sum(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in counts:
        for key, count in one.items():
            total[key] = total.get(key, 0) + count
    return total
