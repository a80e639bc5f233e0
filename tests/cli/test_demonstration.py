import re
from collections import Counter
from pathlib import Path

import msgspec

from xinglin.cli.demonstration import PATIENTS, resources, write
from xinglin.fhir import codec


def test_every_resource_of_the_set_is_valid() -> None:
    for resource in resources():
        codec.decode(msgspec.json.encode(resource))


def test_the_set_refers_only_to_itself() -> None:
    made = list(resources())
    known = {f"{one['resourceType']}/{one['id']}" for one in made}
    named = set(re.findall(r'"reference":"([^"]*)"', msgspec.json.encode(made).decode()))
    assert len(known) == len(made)
    assert named <= known


def test_the_set_holds_a_small_city() -> None:
    counts = Counter(str(one["resourceType"]) for one in resources())
    assert counts["Patient"] == PATIENTS
    assert counts["Observation"] > 100
    assert len(counts) >= 10


def test_the_set_is_the_same_each_time(tmp_path: Path) -> None:
    assert write(tmp_path / "a.ndjson").read_bytes() == write(tmp_path / "b.ndjson").read_bytes()
