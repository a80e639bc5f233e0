"""Every coded value of the city in a system of our own has a table, and bears the name that stands there."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import xinglin
from xinglin.app import create_registry
from xinglin.city.errors import SHARES
from xinglin.city.faults import RULES
from xinglin.settings import Settings
from xinglin.tables.catalogues import drugs
from xinglin.tables.codes import by_code, tables

OWN: Final = "https://xinglin.health/fhir/CodeSystem/"
# Its codes are ids of Patients.
OF_IDS: Final = f"{OWN}synthetic-duplicate"


def codings(value: Any) -> Iterator[tuple[str, str, str]]:
    """Give system, code and display of every coding of our own in a document."""
    if isinstance(value, dict):
        if str(value.get("system", "")).startswith(OWN) and isinstance(value.get("code"), str):
            yield value["system"], value["code"], value.get("display", "")
        for one in value.values():
            yield from codings(one)
    elif isinstance(value, list):
        for one in value:
            yield from codings(one)


def test_every_code_of_the_city_stands_in_a_published_system(city: list[dict[str, Any]]) -> None:
    named: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for one in city:
        for system, code, display in codings(one):
            named[system][code].add(display)
    published: dict[str, dict[str, str]] = {
        one.url: {code: concept.name for code, concept in by_code(one.name).items()} for one in tables() if one.url
    }
    for capability in create_registry(Settings()).capabilities:
        for each in capability.code_sets:
            published.setdefault(each.system, {}).update({code: text.zh for code, text in each.codes.items()})
    assert named.keys() - published.keys() <= {OF_IDS}
    unknown = {(system, code) for system in named.keys() & published.keys() for code in named[system]}
    assert {(system, code) for system, code in unknown if code not in published[system]} == set()
    own = (
        "care-team",
        "episode",
        "follow-up",
        "health-check",
        "hospital-level",
        "insurance-kind",
        "route",
        "synthetic",
    )
    for name in own:
        for code, displays in named[f"{OWN}{name}"].items():
            assert displays <= {"", published[f"{OWN}{name}"][code]}


def test_tables_of_our_own_hold_what_the_code_gives() -> None:
    assert set(by_code("synthetic_error")) == set(SHARES)
    assert set(RULES) <= set(by_code("synthetic_fault"))
    assert {one.route for one in drugs()} <= set(by_code("route"))
    for language, name in (("zh", "name"), ("en", "en")):
        path = Path(xinglin.__file__).parent / f"web/texts/{language}.json"
        texts = json.loads(path.read_text("utf-8"))
        for code, one in by_code("role").items():
            assert texts[f"role.{code}"] == (getattr(one, name))
