"""Parameters are read into the dataclass of an operation, parts into dataclasses within."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from xinglin.fhir import parameters
from xinglin.fhir.outcome import OutcomeError


@dataclass(frozen=True, slots=True)
class Line:
    code: str
    fen: int = 1


@dataclass(frozen=True, slots=True)
class Given:
    lines: tuple[Line, ...]
    day: date
    until: datetime | None = None


LINE = {"name": "lines", "part": [{"name": "code", "valueString": "A"}, {"name": "fen", "valueInteger": 5}]}
DAY = {"name": "day", "valueDate": "2026-11-20"}


def read(*parts: dict[str, Any]) -> Given:
    return parameters.read({"resourceType": "Parameters", "parameter": list(parts)}, Given)


def test_parts_days_and_instants_are_read() -> None:
    until = {"name": "until", "valueInstant": "2026-11-20T08:00:00+08:00"}
    found = read(LINE, {"name": "lines", "part": [{"name": "code", "valueString": "B"}]}, DAY, until)
    assert found == Given((Line("A", 5), Line("B")), date(2026, 11, 20), datetime(2026, 11, 20, tzinfo=UTC))
    assert read(DAY).lines == ()


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        (({"name": "lines", "valueString": "A"}, DAY), "parameter-type"),
        (({"name": "lines", "part": [{"name": "fen", "valueInteger": 5}]}, DAY), "parameter-missing"),
        (({"name": "day", "valueDate": "2026-13-20"},), "parameter-type"),
        ((DAY, {"name": "until", "valueDateTime": "2026-11-20T08:00:00"}), "parameter-type"),
    ],
)
def test_what_does_not_fit_is_refused(parts: tuple[dict[str, Any], ...], key: str) -> None:
    with pytest.raises(OutcomeError) as refused:
        read(*parts)
    assert [issue.key for issue in refused.value.issues] == [key]
