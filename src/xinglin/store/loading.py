"""Loads what `sources` reads: several processes judge it as the door does and write it in bulk.

Each batch is one transaction and each resource has an id before it is written, so that loading the same again, after a
crash or a Ctrl-C, writes only what is missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec

from xinglin.fhir import codec
from xinglin.fhir.links import is_conditional, references, relinked
from xinglin.fhir.outcome import Issue, OutcomeError, outcome
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.search.home import home_of
from xinglin.store.body import cut
from xinglin.store.door import Fhir, Order
from xinglin.store.executor import Change
from xinglin.store.sources import Item, made_id

TARGETS_MAX: Final = 100_000  # conditional references whose targets a process remembers
SERVER_FAULT: Final = 500

Turn = Literal["first", "next", "last"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One resource that was not loaded, and why."""

    source: str
    line: int
    issues: tuple[Issue, ...]

    def as_json(self) -> bytes:
        """Write the line of the file of refusals."""
        return msgspec.json.encode({"source": self.source, "line": self.line, "outcome": outcome(self.issues)})


@dataclass(slots=True)
class Report:
    """What became of a batch.

    waiting: resources with a conditional reference (``Patient?identifier=…``) whose target is not there yet.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    waiting: list[Item] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Take the counts and refusals of another batch; what waits is not kept."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.refused += other.refused


class _Envelope(msgspec.Struct, rename="camel"):
    resource_type: str = ""
    id: str | None = None


class _Candidate(msgspec.Struct, frozen=True):
    """A resource with its id; raw: its JSON, with references that name their targets."""

    item: Item
    type: str
    id: str
    raw: bytes


class Loader:
    """Loads batches for one principal, by the rules of the door."""

    def __init__(self, fhir: Fhir) -> None:
        self._fhir = fhir
        self._store = fhir.door.store
        self._targets: dict[str, str] = {}
        self._absent: set[str] = set()  # asked for in this batch, and not there
        self._bulk: dict[str, bool] = {}

    async def load(self, items: Sequence[Item], *, turn: Turn) -> Report:
        """Load a batch: what is new in bulk, what differs as an update, what is the same not at all.

        turn: ``first`` writes only what is new and needs no search, and lets the rest wait, so that indexes need not be
        there; ``next`` writes the rest; ``last`` also refuses conditional references without a target.
        """
        report = Report()
        first: dict[tuple[str, str], _Candidate] = {}
        again: list[_Candidate] = []  # the same resource a second time within the batch: after the first
        self._absent.clear()
        for item in items:
            try:
                one = await self._candidate(item, turn)
            except OutcomeError as refused:
                report.refused.append(Refusal(item.source, item.line, refused.issues))
                continue
            if one is None:
                report.waiting.append(item)
            elif (one.type, one.id) in first:
                again.append(one)
            else:
                first[one.type, one.id] = one
        await self._write(list(first.values()), report, turn)
        for one in again:
            await self._write([one], report, turn)
        return report

    async def _candidate(self, item: Item, turn: Turn) -> _Candidate | None:
        """Give the resource its id, and its conditional references their targets; None when one has none yet."""
        raw = item.raw
        if b"?" in raw:
            sought = {one for one in references(raw) if is_conditional(one)}
            if sought and turn == "first":
                return None
            targets = {one: await self._target(one) for one in sought}
            missing = [one for one, target in targets.items() if target is None]
            if missing and turn != "last":
                return None
            if missing:
                raise OutcomeError(*(_without_target(one) for one in sorted(missing)))
            raw = relinked(raw, {one: target for one, target in targets.items() if target is not None})
        envelope = _envelope(raw)
        if envelope.resource_type not in RESOURCES:
            text = f"There is no resource type {envelope.resource_type!r}."
            raise OutcomeError(Issue("not-supported", "unknown-type", "resourceType", text))
        return _Candidate(
            item, envelope.resource_type, envelope.id or item.id or _made(item, envelope.resource_type), raw
        )

    async def _target(self, reference: str) -> str | None:
        """Find the one resource that a conditional reference means; OutcomeError when there are several."""
        found = self._targets.get(reference)
        if found is None and reference not in self._absent:
            row = await self._fhir.only_match(reference.partition("?")[0], reference)
            if row is None:
                self._absent.add(reference)
                return None
            if len(self._targets) >= TARGETS_MAX:
                self._targets.clear()
            found = self._targets[reference] = f"{row.rt}/{row.id}"
        return found

    async def _write(self, candidates: Sequence[_Candidate], report: Report, turn: Turn) -> None:
        stored = await self._store.get_many([(one.type, one.id) for one in candidates])
        new: list[tuple[_Candidate, Change]] = []
        for one, row in zip(candidates, stored, strict=True):
            try:
                if row is None and self._in_bulk(one.type):
                    new.append((one, self._fhir.judge(_order(one))))
                elif row is not None and not row.deleted and row.tail == cut(one.raw, one.type, accepted=True).tail:
                    report.unchanged += 1
                elif turn == "first":
                    report.waiting.append(one.item)
                else:
                    await self._write_one(one, report)
            except OutcomeError as refused:
                _refuse_or_stop(one, refused, report)
        if new:
            await self._write_new(new, report, turn)

    async def _write_new(self, new: Sequence[tuple[_Candidate, Change]], report: Report, turn: Turn) -> None:
        try:
            await self._store.load([change for _, change in new])
        except OutcomeError as refused:
            if refused.status >= SERVER_FAULT:
                raise
            # Another process made one of them meanwhile, or the database cannot store one: find out which.
            for one, _ in new:
                if turn == "first":
                    report.waiting.append(one.item)
                else:
                    await self._write_one(one, report)
        else:
            report.created += len(new)

    def _in_bulk(self, type_: str) -> bool:
        """Only what may be written wherever it lies needs no look at the state around it."""
        known = self._bulk.get(type_)
        if known is None:
            wishes = ("create", "update")
            known = self._bulk[type_] = all(self._fhir.reach(wish, type_).whole for wish in wishes)
        return known

    async def _write_one(self, one: _Candidate, report: Report) -> None:
        try:
            [written] = await self._fhir.write_many([_order(one)])
        except OutcomeError as refused:
            _refuse_or_stop(one, refused, report)
        else:
            report.created += written.created
            report.unchanged += written.unchanged
            report.updated += not written.created and not written.unchanged


def _order(one: _Candidate) -> Order:
    return Order("update", one.type, one.raw, one.id, free=True)


def _refuse_or_stop(one: _Candidate, refused: OutcomeError, report: Report) -> None:
    """Count what the resource is to blame for; a database that fails stops the loading."""
    if refused.status >= SERVER_FAULT:
        raise refused
    report.refused.append(Refusal(one.item.source, one.item.line, refused.issues))


def _without_target(reference: str) -> Issue:
    return Issue("not-found", "reference-without-target", text=f"Nothing is found by the reference {reference}.")


def _envelope(raw: bytes) -> _Envelope:
    try:
        return _ENVELOPE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise OutcomeError(Issue("structure", "malformed-json", text=str(fault))) from fault


def _made(item: Item, type_: str) -> str:
    """Make the id of a resource without one; it lies with its patient, as those that the server makes do."""
    home = home_of(codec.decode(item.raw, type_))
    return made_id(Path(item.source).name, item.line, item.raw, home)


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
