"""The rows that resources come to, for the floors: what a program would write that only had to write."""

import re
from collections.abc import Iterable
from typing import Final

from bench.population import OBSERVATIONS
from xinglin.fhir import codec
from xinglin.fhir.search.extract import entry
from xinglin.fhir.search.keys import TYPE_CODES, bucket_of
from xinglin.store.body import Bodies, cut, train
from xinglin.store.clock import Clock
from xinglin.store.executor import Change
from xinglin.store.steps import Insert

COLUMNS: Final = {
    "res": ("bucket", "rt", "id", "rid", "vid", "ts", "pat", "ord", "keys", "enc", "body"),
    "ix": ("bucket", "key", "ord", "rid", "pat", "c"),
    "dx": ("bucket", "key", "lo", "hi", "rid"),
    "sx": ("bucket", "key", "norm", "rid"),
    "qx": ("bucket", "key", "val", "rid"),
    "tx": ("bucket", "rid", "rt", "doc"),
}
# What ends a field or a row in COPY's text form, and the backslash itself.
_SPECIAL: Final = re.compile(r"[\\\t\n\r]")
_ESCAPES: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_TYPE = re.compile(rb'\{"resourceType":"(\w+)"')


def steps(resources: Iterable[bytes]) -> list[Insert]:
    """Judge *resources* as the door does, ahead of time."""
    now = Clock().now()
    made = []
    for raw in resources:
        found = _TYPE.match(raw)
        if found is None:
            raise ValueError("a resource of the population begins with its type")
        type_ = found[1].decode()
        resource = codec.decode(raw, type_)
        tail = cut(raw, type_)
        id_ = tail.id or ""
        index = entry(resource, id=id_, now_us=0)
        made.append(Insert(Change("create", type_, id_, tail.tail, index), index, index.rid, now))
    return made


def bodies(made: Iterable[Insert]) -> Bodies:
    """Give bodies with a dictionary for observations, as a store has after its first thousands."""
    known = Bodies()
    samples = [step.change.tail for step in made if step.change.rt == "Observation"][: OBSERVATIONS * 4]
    dictionary = train(samples)
    if dictionary is not None:
        known.learn(2, "Observation", dictionary)
    return known


def lines(made: Iterable[Insert], sealing: Bodies) -> dict[str, list[str]]:
    """Write the rows of each table as lines of COPY's text form."""
    written: dict[str, list[str]] = {table: [] for table in COLUMNS}
    res, ix, dx, sx, qx, tx = (written[table] for table in COLUMNS)
    for step in made:
        entry, rid, rt = step.entry, step.rid, TYPE_CODES[step.change.rt]
        bucket = bucket_of(step.change.id)
        enc, body = sealing.seal(step.change.rt, step.change.id, step.change.tail)
        pat = "\\N" if entry.pat is None else str(entry.pat)
        res.append(
            f"{bucket}\t{rt}\t{step.change.id}\t{rid}\t1\t{step.ts.isoformat()}\t{pat}\t{entry.ord}"
            f"\t{{{','.join(map(str, entry.keys))}}}\t{enc}\t\\\\x{body.hex()}\n"
        )
        ix += [f"{bucket}\t{key}\t{entry.ord}\t{rid}\t{pat}\t{'t' if coded else 'f'}\n" for key, coded in entry.ix]
        dx += [f"{bucket}\t{key}\t{lo}\t{hi}\t{rid}\n" for key, lo, hi in dict.fromkeys(entry.dx)]
        sx += [f"{bucket}\t{key}\t{_escaped(text)}\t{rid}\n" for key, text in dict.fromkeys(entry.sx)]
        qx += [f"{bucket}\t{key}\t{value!r}\t{rid}\n" for key, value in dict.fromkeys(entry.qx)]
        if entry.tx:
            tx.append(f"{bucket}\t{rid}\t{rt}\t{_escaped(entry.tx)}\n")
    return written


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], text)
