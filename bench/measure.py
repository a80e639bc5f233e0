"""What a measurement gives, and the table of all of them."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Self

RESULTS: Final = Path(__file__).parent / "results" / "latest.json"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of the table.

    floor, ours: in *unit*; more is better, unless *less* says otherwise. wanted: the least ratio ours / floor (for
    *less*: the greatest). least: what ours must reach besides, in *unit*. notes: figures beside the point.
    """

    work: str
    unit: str
    floor: float
    ours: float
    wanted: float
    least: float | None = None
    less: bool = False
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Ours by the floor."""
        return self.ours / self.floor if self.floor else 0.0

    @property
    def good(self) -> bool:
        """Whether the ratio and the least are reached."""
        if self.less:
            return self.ratio <= self.wanted
        return self.ratio >= self.wanted and (self.least is None or self.ours >= self.least)


def table(measured: Sequence[Measurement]) -> str:
    """Write the table for a terminal."""
    lines = [f"{'work':<58} {'floor':>10} {'ours':>10} {'ratio':>6}  wanted"]
    for one in measured:
        wanted = f"{'≤' if one.less else '≥'} {one.wanted:g}" + (f", ≥ {one.least:,.0f}" if one.least else "")
        mark = "" if one.good else "   too little" if not one.less else "   too much"
        floor, ours = _figure(one.floor), _figure(one.ours)
        lines.append(f"{one.work + ', ' + one.unit:<58} {floor:>10} {ours:>10} {one.ratio:>6.2f}  {wanted}{mark}")
    return "\n".join(lines)


def save(measured: Sequence[Measurement], path: Path = RESULTS) -> None:
    """Write all figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [asdict(one) | {"ratio": one.ratio, "good": one.good} for one in measured]
    path.write_text(json.dumps(lines, ensure_ascii=False, indent=1) + "\n")


class Watch:
    """Measures the time of a block: `with Watch() as watch: …`, then `watch.seconds`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._began = 0.0

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._began


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
