"""The official FHIRPath tests that the project is given, one test each."""

import datetime
from functools import cache
from pathlib import Path

import pytest
from msgspec import Struct

from xinglin.fhir.fhirpath import suite

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "fhirpath"
TESTS = FOLDER / "tests-fhir-r4-given.xml"
NOW = datetime.datetime(2026, 11, 22, 8, 30, tzinfo=datetime.UTC)
CASES = list(suite.cases(TESTS.read_bytes())) if TESTS.exists() else []


@cache
def given(name: str) -> Struct | None:
    return suite.resource((FOLDER / name).read_bytes()) if name else None


@pytest.mark.skipif(not CASES, reason="../shared/data/fhirpath, which holds the official tests, is not here")
@pytest.mark.parametrize("case", CASES, ids=[f"{case.group}-{case.name}-{i}" for i, case in enumerate(CASES)])
def test_the_official_outcome(case: suite.Case) -> None:
    assert suite.fault(case, given(case.input), now=NOW) == ""


@pytest.mark.skipif(not CASES, reason="../shared/data/fhirpath, which holds the official tests, is not here")
def test_all_given_tests_are_run() -> None:
    assert len(CASES) == 548
