"""Loads what `sources` reads: several processes judge it as the door does and write it in bulk.

Each batch is one transaction and each resource has an id before it is written, so that loading the same again, after a
crash or a Ctrl-C, writes only what is missing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec

from xinglin.fhir import codec
from xinglin.fhir.attachments import may_hold_files
from xinglin.fhir.links import is_conditional, references, relinked
from xinglin.fhir.outcome import Issue, OutcomeError, outcome
from xinglin.fhir.r4 import RESOURCES
from xinglin.fhir.search.home import home_of
from xinglin.security.labels import GATHERING, gathers_key
from xinglin.store import gathering
from xinglin.store.body import cut, head
from xinglin.store.door import Fhir
from xinglin.store.executor import Change, Row, Written
from xinglin.store.orders import Order
from xinglin.store.sources import Item, made_id

TOGETHER: Final = 250  # of what gathers others, while the locks of what they name are held
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
    warned: how many resources that were written each warning was given about, by key.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[Refusal] = field(default_factory=list)
    waiting: list[Item] = field(default_factory=list)
    warned: Counter[str] = field(default_factory=Counter)

    def warn(self, issues: Iterable[Issue]) -> None:
        """Count the warnings about one resource, each key once."""
        self.warned.update({issue.key for issue in issues})

    def add(self, other: "Report") -> None:
        """Take the counts and refusals of another batch; what waits is not kept."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.refused += other.refused
        self.warned += other.warned


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
        self._empty = False  # the store was when its indexes were put aside

    async def load(self, items: Sequence[Item], *, turn: Turn) -> Report:
        """Load a batch: what is new in bulk, what differs as an update, what is the same not at all.

        turn: ``first`` writes only what is new and needs no search, and lets the rest wait, so that indexes need not be
        there; ``next`` writes the rest; ``last`` also refuses conditional references without a target.
        """
        report = Report()
        first: dict[tuple[str, str], _Candidate] = {}
        again: list[_Candidate] = []  # the same resource a second time within the batch: after the first
        self._absent.clear()
        self._empty = turn == "first" and await self._aside()
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

    async def _aside(self) -> bool:
        """Tell whether the store is being filled from nothing (`store.rebuild`)."""
        [aside] = await self._store.fetch("SELECT EXISTS (SELECT FROM put_aside) AS yes")
        return bool(aside["yes"])

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
        if envelope.resource_type in GATHERING and turn == "first":
            return None  # it is labelled as what it names, which has to be there
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
        # Nothing is there yet; what stands in the input twice is told by the database, and waits.
        stored = (
            [None] * len(candidates)
            if self._empty
            else await self._store.get_many([(one.type, one.id) for one in candidates])
        )
        new: list[tuple[_Candidate, Change]] = []
        gatherers: list[_Candidate] = []
        for one, row in zip(candidates, stored, strict=True):
            try:
                if row is None and one.type in GATHERING and self._in_bulk(one.type):
                    gatherers.append(one)
                elif row is None and self._in_bulk(one.type):
                    change = self._fhir.judge(_order(one))
                    await self._scan(one)
                    new.append((one, change))
                elif row is not None and not row.deleted and _says(row, cut(one.raw, one.type, accepted=True).tail):
                    report.unchanged += 1
                elif turn == "first":
                    report.waiting.append(one.item)
                else:
                    await self._write_one(one, report)
            except OutcomeError as refused:
                _refuse_or_stop(one, refused, report)
        if named := await self._gathered([change for _, change in new]):
            for one, change in new:
                if (change.rt, change.id) in named:
                    await self._write_one(one, report)
            new = [pair for pair in new if (pair[1].rt, pair[1].id) not in named]
        if new:
            await self._write_new(new, report, turn)
        for start in range(0, len(gatherers), TOGETHER):
            await self._write_together(gatherers[start : start + TOGETHER], report)

    async def _scan(self, one: _Candidate) -> None:
        """Refuse malware, as the door does; a scanner that is silent where that refuses stops the load."""
        uploads = self._fhir.door.uploads
        if uploads is not None and may_hold_files(one.raw):
            await uploads.refuse_malware(codec.decode(one.raw, one.type))

    async def _gathered(self, changes: Sequence[Change]) -> set[tuple[str, str]]:
        """Name those that are labelled and gathered already: with them, what gathers them has to be labelled."""
        if self._empty:
            return set()  # what gathers comes later
        keys = {gathers_key(one.rt, one.id): (one.rt, one.id) for one in changes if gathering.found_on(one)}
        if not keys:
            return set()
        found = await self._store.fetch("SELECT DISTINCT key FROM ix WHERE key = ANY($1::int8[])", list(keys))
        return {keys[record["key"]] for record in found}

    async def _write_together(self, candidates: Sequence[_Candidate], report: Report) -> None:
        """Write what gathers others in bulk, labelled as what it names; one by one what is refused or gathered itself.

        Nobody labels what they name meanwhile: that takes the locks that are held here.
        """
        judged: list[tuple[_Candidate, Change]] = []
        for one in candidates:
            try:
                change = self._fhir.judge(_order(one))
                await self._scan(one)
                judged.append((one, change))
            except OutcomeError as refused:
                _refuse_or_stop(one, refused, report)
        single = [one for one, _ in judged]
        try:
            async with self._store.begin() as holding:
                changes = [change for _, change in judged]
                await holding.lock(gathering.names(changes))
                for place, more in enumerate(await gathering.inherited(holding, changes)):
                    if more - gathering.found_on(changes[place]):
                        changes[place] = self._fhir.judge(_order(judged[place][0]), more)
                gathered = await self._gathered(changes)
                new = [change for change in changes if (change.rt, change.id) not in gathered]
                await self._store.load(new)
        except OutcomeError as refused:
            if refused.status >= SERVER_FAULT:
                raise
        else:
            single = [one for one in single if (one.type, one.id) in gathered]
            report.created += len(new)
            for change in new:
                report.warn(change.issues)
        for one in single:
            await self._write_one(one, report)

    async def _write_new(self, new: Sequence[tuple[_Candidate, Change]], report: Report, turn: Turn) -> None:
        try:
            # Building the indexes is a durable commit, and it comes after all that filled an empty store.
            await self._store.load([change for _, change in new], durable=not self._empty)
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
            for _, change in new:
                if change.issues:
                    report.warn(change.issues)

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
            _count(written, report)


def _count(written: Written, report: Report) -> None:
    report.warn(written.issues)
    report.created += written.created
    report.unchanged += written.unchanged
    report.updated += not written.created and not written.unchanged


def _says(row: Row, tail: bytes) -> bool:
    """Tell whether a version has this tail, as it is kept or (a dump) as answers show it."""
    return tail == row.tail or row.answer() == head(row.rt, row.id, row.vid, row.ts) + tail


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
