"""Pregnancies: those whose children are in the city, and those that go on; visits, delivery, the weeks after (1.5)."""

from datetime import date, timedelta
from typing import Final

from xinglin.city import contracts, labs, stays, vitals
from xinglin.city.people import Person
from xinglin.city.record import Record
from xinglin.city.terms import concept, system
from xinglin.city.visits import doctor, number, public_health

TERM: Final = 280
# First visit before 13 weeks, then five and more (MA-01, MA-02): week of each, and whether blood is counted.
_WEEKS: Final = ((10, True), (17, False), (23, True), (30, False), (34, True), (38, False))
PREGNANT: Final = 0.055  # design: of married women of 20 to 39, so many expect a child on the last day
CAESAREAN: Final = 0.42


def pregnancies(record: Record, children: list[Person]) -> None:
    """Write the pregnancies of a woman. children: hers in the household."""
    spec, stream, person = record.spec, record.stream, record.person
    for child in children:
        if child.born >= spec.since:
            conceived = child.born - timedelta(days=TERM - stream.between(0, 12))
            _visits(record, conceived, child.born)
            stays.delivery(record, child.born, caesarean=stream.chance(CAESAREAN))
            _after(record, child.born)
    youngest = max((child.born for child in children), default=date.min)
    fertile = 20 <= person.age(spec.until) < 40 and person.spouse is not None and person.left is None
    if fertile and (spec.until - youngest).days > 450 and stream.chance(PREGNANT):
        conceived = spec.until - timedelta(days=stream.between(45, 270))
        due = conceived + timedelta(days=TERM)
        _visits(record, conceived, due)


def _visits(record: Record, conceived: date, born: date) -> None:
    spec, stream = record.spec, record.stream
    record.expecting.append((conceived, born))
    lead = public_health(record)
    over = born + timedelta(days=42) if born + timedelta(days=42) <= spec.until else None
    since = conceived + timedelta(days=_WEEKS[0][0] * 7)
    if since > spec.until:
        return
    grown = record.person.age(born)
    code, title = ("Z35.500", "高龄初孕妇的监督") if grown >= 35 else ("Z34.900", "正常妊娠监督")
    problem = record.problem("pregnancy", code, title, since, over=over)
    episode = contracts.episode(record, "pregnancy", since, lead, end=over, problem=problem)
    for week, blood in _WEEKS:
        day = conceived + timedelta(days=week * 7 + stream.between(-3, 3))
        if not spec.since <= day <= min(spec.until, born - timedelta(days=1)):
            continue
        # The handbook and the first check at the centre, later ones where she will give birth.
        who = lead if week == _WEEKS[0][0] else doctor(record, "county", "05.02")
        made = record.visit(
            day,
            who,
            number=number(record),
            type_=concept(system("follow-up"), "pregnancy", "产前检查") | {"text": f"产前检查（孕{week}周）"},
            episode=episode,
        )
        vitals.pressure(record, made)
        vitals.weigh(record, made)
        record.measure(made, "11881-0", "宫高", max(4, week - stream.between(1, 3)), "cm", "cm")
        if week >= 17:
            record.measure(made, "55283-6", "胎心率", stream.between(128, 156), "次/分", "/min")
        if blood:
            labs.panel(record, made, labs.BLOOD)
            labs.panel(record, made, labs.URINE)


def _after(record: Record, born: date) -> None:
    """Write the visit at home within a week of coming home, and the check at 42 days (MA-04)."""
    lead = public_health(record)
    episode = record.episodes.get("pregnancy")
    for days, kind, title in ((8, "HH", "产后访视"), (42, "AMB", "产后42天健康检查")):
        day = born + timedelta(days=days + record.stream.between(0, 2))
        if record.spec.since <= day <= record.spec.until:
            what = concept(system("follow-up"), "postpartum", "产后访视") | {"text": title}
            made = record.visit(day, lead, kind=kind, type_=what, episode=episode)
            vitals.pressure(record, made)
            vitals.temperature(record, made, fever=False)
