"""The rows that resources come to, for the floors: what a program would write that only had to write."""

import re
from collections.abc import Iterable

from bench.population import OBSERVATIONS
from xinglin.fhir import codec
from xinglin.fhir.search.extract import entry
from xinglin.store.body import Bodies, cut, train
from xinglin.store.clock import Clock
from xinglin.store.executor import Change
from xinglin.store.steps import Insert

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
