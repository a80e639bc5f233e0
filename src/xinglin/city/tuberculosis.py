"""Tuberculosis: found and treated at the designated hospital, followed by the centre until the end (TB-01 to TB-05).

Two months with four drugs and four with two. The first visit at home comes within 72 hours; who is supervised by the
family is visited every ten days in the first phase and every month in the second, others every month.
Draws come from a stream of their own.
"""

from datetime import date, timedelta
from typing import Final

from xinglin.city import contracts, labs, vitals
from xinglin.city.forms import Answer, fill
from xinglin.city.people import SHOWN_TUBERCULOSIS
from xinglin.city.prescriptions import CHRONIC, Line, prescribe
from xinglin.city.record import Record, Visit
from xinglin.city.staff import Worker, physicians
from xinglin.city.stream import Stream
from xinglin.city.terms import concept, instant, system
from xinglin.city.visits import number, public_health
from xinglin.fhir.sources import cites

NAME: Final = "tuberculosis"
# Notified of 100,000 residents a year, and how that falls on ages: those from 60 on have more than twice as much.
NOTIFIED: Final = cites("PG-08")(45)
_GROWN: Final = NOTIFIED * 0.95e-5
_OLD: Final = NOTIFIED * 2.4e-5
_POSITIVE: Final = ("A15.000", "肺结核，显微镜下痰检查证实，伴有或不伴有痰培养")
_NEGATIVE: Final = ("A16.200", "肺结核，未提及细菌学或组织学证实")
INTENSIVE: Final = 60  # days
WHOLE: Final = 180
_TITLE: Final = "肺结核患者随访"


def tuberculosis(record: Record) -> None:
    """Write one course of a few people."""
    person, spec = record.person, record.spec
    age = person.age(spec.until)
    if age < 15 or person.left is not None:
        return
    stream = Stream(spec.seed, NAME, person.id)
    is_shown = record.house.number == SHOWN_TUBERCULOSIS and person.role == "head"
    if not (is_shown or stream.chance((_OLD if age >= 60 else _GROWN) * spec.years)):
        return
    begun = spec.until - timedelta(days=100 if is_shown else stream.below(365 * spec.years))
    if person.age(begun) >= 15:
        _course(record, stream, begun)


def _course(record: Record, stream: Stream, begun: date) -> None:
    until = record.spec.until
    ended = begun + timedelta(days=WHOLE)
    physician = physicians()["jz-third", "16"][0]
    worker = public_health(record)
    positive = stream.chance(0.55)
    code, title = _POSITIVE if positive else _NEGATIVE
    problem = record.problem(NAME, code, title, begun, over=ended if ended <= until else None)
    episode = contracts.episode(record, NAME, begun, worker, end=ended if ended <= until else None, problem=problem)
    for month in range(7):
        day = begun + timedelta(days=30 * month)
        if day <= until:
            _treat(record, physician, day, month, (code, title))
    by_family = stream.chance(0.4)
    first = begun + timedelta(days=stream.between(1, 3))
    if first <= until:
        _first(record, stream, worker, first, episode, positive=positive, by_family=by_family)
    _follow(record, stream, worker, first, ended, episode, by_family=by_family)


def _treat(record: Record, physician: Worker, day: date, month: int, what: tuple[str, str]) -> None:
    """Write the visit of a month to the hospital; in the last one nothing is prescribed any more."""
    made = record.visit(day, physician, number=number(record))
    diagnosis = record.diagnose(made, *what)
    if month == 0:
        vitals.temperature(record, made, fever=True)
        labs.panel(record, made, labs.BLOOD, infected="bacterial")
    vitals.weigh(record, made)
    labs.panel(record, made, labs.LIVER)
    if month < WHOLE // 30:
        drug = "乙胺吡嗪利福异烟片(Ⅱ)" if month < INTENSIVE // 30 else "异福片"
        prescribe(record, made, (Line(drug, 30),), diagnosis=diagnosis, reason=CHRONIC)


def _visited(record: Record, stream: Stream, worker: Worker, day: date, episode: str, *, at_home: bool) -> Visit:
    return record.visit(
        day,
        worker,
        kind="HH" if at_home else "AMB",
        type_=concept(system("follow-up"), NAME, _TITLE),
        episode=episode,
        minute=stream.between(8 * 60, 17 * 60),
    )


def _first(
    record: Record, stream: Stream, worker: Worker, day: date, episode: str, *, positive: bool, by_family: bool
) -> None:
    """Write the first visit at home (TB-01)."""
    made = _visited(record, stream, worker, day, episode, at_home=True)
    answers: dict[int, Answer] = {
        1: record.person.name,
        2: record.person.record,
        3: day,
        4: "2",
        5: "1",
        6: "1" if positive else "2",
        7: "2" if positive else "3",
        8: "咳嗽咳痰",
        9: "2HRZE/4HR",
        10: "1",
        11: "1",
        12: "2" if by_family else "1",
        13: "1" if stream.chance(0.7) else "2",
        14: "1",
        17: "服药注意事项、消毒隔离、定期复查：掌握",
        18: day + timedelta(days=10 if by_family else 30),
        19: worker.name,
    }
    fill(record, "TB-01", answers, at=made.at, author=worker, visit=made)


def _follow(
    record: Record, stream: Stream, worker: Worker, first: date, ended: date, episode: str, *, by_family: bool
) -> None:
    """Write the follow-ups to the end of the course (TB-02)."""
    begun = ended - timedelta(days=WHOLE)
    day, visits, missed = first, 1, 0
    while day < ended:
        often = by_family and (day - begun).days < INTENSIVE
        day = min(ended, day + timedelta(days=10 if often else 30))
        if day > record.spec.until:
            return
        visits += 1
        made = _visited(record, stream, worker, day, episode, at_home=stream.chance(0.5))
        skipped = stream.below(3) if stream.chance(0.2) else 0
        missed += skipped
        answers: dict[int, Answer] = {
            1: record.person.name,
            2: record.person.record,
            3: day,
            4: min(WHOLE // 30, (day - begun).days // 30 + 1),
            5: "2" if by_family else "1",
            6: "2" if made.resource["class"]["code"] == "HH" else "1",
            7: "没有症状" if (day - begun).days > INTENSIVE else "咳嗽咳痰",
            10: "2HRZE/4HR",
            11: "1",
            12: "1",
            13: skipped,
            14: "1",
            15: "1",
            19: worker.name,
        }
        if day == ended:
            rate = round(100 * (WHOLE - missed) / WHOLE, 1)
            answers |= {
                20: f"1完成疗程，{ended.isoformat()}",
                21: f"应访视{visits}次，实际访视{visits}次，应服药{WHOLE}次，实际服药{WHOLE - missed}次，服药率{rate}%",
            }
        else:
            answers[18] = min(ended, day + timedelta(days=10 if often else 30))
        fill(record, "TB-02", answers, at=instant(day, made.minute + 8), author=worker, visit=made)
