"""Bills and persons for tests of settlements."""

from datetime import date
from decimal import Decimal

from xinglin.care.benefits import Level, Seat
from xinglin.care.portions import BillLine, Grade, Kind, Terms
from xinglin.care.settlement import Bill

DAY = date(2026, 11, 20)


def line(
    number: int,
    fen: int,
    grade: Grade = "A",
    *,
    first: str = "0.10",
    kind: Kind = "drug",
    cap: int | None = None,
    quantity: int = 1,
    code: str = "",
    atc: str = "",
) -> BillLine:
    share = Decimal(first) if grade == "B" else Decimal(0)
    return BillLine(number, kind, fen, Terms(grade, share, cap), Decimal(quantity), code, atc=atc)


def bill(
    *lines: BillLine,
    level: Level = "third",
    seat: Seat = "city",
    category: str = "11",
    day: date = DAY,
    institution: str = "H41080000001",
    diagnoses: tuple[str, ...] = (),
    disease: str = "",
    internet: bool = False,
) -> Bill:
    return Bill(lines, institution, level, seat, category, day, diagnoses, disease, internet)


def stay(fen: int, level: Level, seat: Seat, day: date = DAY) -> Bill:
    """A stay of which *fen* are in scope."""
    return bill(line(1, fen, kind="service"), level=level, seat=seat, category="21", day=day)
