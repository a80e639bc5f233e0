"""Severe mental disorders: registered at the centre, followed every three months by form (SM-01 to SM-08).

Everybody who has one is registered; who does not consent is registered only (SM-02). The class of a visit follows from
its fields, and the day of the next from the class. All of it bears the label of the class (SM-11).
Draws come from a stream of their own.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from xinglin.city import contracts
from xinglin.city.diseases import Illness
from xinglin.city.forms import Answer, fill
from xinglin.city.people import Person
from xinglin.city.record import Record
from xinglin.city.staff import Worker
from xinglin.city.stream import Stream, Weighted
from xinglin.city.terms import MENTAL_META, concept, instant, system
from xinglin.city.visits import public_health

NAME: Final = "severe-mental"
TITLE: Final = "严重精神障碍患者随访"
CONSENT: Final = 0.93  # design
REGISTERED_SINCE: Final = date(2012, 1, 1)
UNSTABLE: Final = "1"
BASIC: Final = "2"
STABLE: Final = "3"
_SYMPTOMS: Final = ("1", "2", "3", "4", "5", "9", "10", "11")
# Risk at a visit (危险性评估), of the well and of the others (design).
_RISK_WELL: Final = Weighted((("0", 0.96), ("1", 0.03), ("2", 0.01)))
_RISK: Final = Weighted((("0", 0.62), ("1", 0.24), ("2", 0.09), ("3", 0.035), ("4", 0.012), ("5", 0.003)))


@dataclass(frozen=True, slots=True)
class State:
    """What decides the class of a visit. risk: 0 to 5; insight: 1 whole to 3 none; social: 1 good to 3 poor."""

    risk: int
    symptoms: bool
    insight: int
    social: int


def stability(state: State) -> str:
    """Give the class of a visit: unstable (SM-05), basically stable (SM-06) or stable (SM-07)."""
    if state.risk >= 3 or state.insight == 3:
        return UNSTABLE
    if state.risk or state.symptoms or state.insight == 2 or state.social == 3:
        return BASIC
    return STABLE


def mental(record: Record) -> None:
    """Write registration and follow-ups."""
    ill = record.ill.get(NAME)
    if ill is None:
        return
    stream = Stream(record.spec.seed, NAME, record.person.id)
    worker = public_health(record)
    # Told to the centre after some weeks, but not after the person has left.
    start = min(
        max(ill.since, REGISTERED_SINCE) + timedelta(days=stream.between(3, 60)), record.person.last(record.spec.until)
    )
    consents = stream.chance(CONSENT)
    episode = contracts.episode(record, NAME, start, worker, problem=record.problems[NAME])
    record.out[-1]["meta"] = MENTAL_META
    _register(record, stream, ill, start, worker, consents=consents)
    if consents:
        _follow(record, stream, ill, start, worker, episode)


def _register(record: Record, stream: Stream, ill: Illness, start: date, worker: Worker, *, consents: bool) -> None:
    """Write the supplement to the basic form (SMI-01)."""
    guardian = _guardian(record.person)
    answers: dict[int, Answer] = {
        1: record.person.name,
        2: record.person.record,
        3: guardian.name if guardian is not None else "无",
        8: "1" if record.person.village.urban else "2",
        9: "3" if not record.person.village.urban else stream.pick(("4", "8", "9")),
        10: "1" if consents else "0",
        11: ill.since - timedelta(days=stream.between(20, 700)),
        12: tuple(sorted({stream.pick(_SYMPTOMS), stream.pick(_SYMPTOMS)}, key=int)),
        13: "1",
        14: "3" if ill.controlled else "2",
        15: stream.below(4),
        16: f"{ill.disease.title}，焦作市第三人民医院，{ill.since.isoformat()}",
        17: "2" if ill.controlled else "3",
        18: "7",
        19: "1" if stream.chance(0.3) else "2",
        21: start,
        22: worker.name,
    }
    if guardian is not None:
        answers[6] = guardian.phone
    if not consents:
        answers[20] = "本人及监护人未同意参加社区管理，仅登记。"
    fill(record, "SMI-01", answers, at=instant(start, 10 * 60), author=worker, meta=MENTAL_META)


def _guardian(person: Person) -> Person | None:
    """Give who answers for the person: spouse, else a parent."""
    return next((one for one in (person.spouse, person.mother, person.father) if one is not None), None)


def _follow(record: Record, stream: Stream, ill: Illness, start: date, worker: Worker, episode: str) -> None:
    last = record.person.last(record.spec.until)
    due = max(record.spec.since + timedelta(days=stream.below(80)), start + timedelta(days=7))
    while due <= last:
        state = _state(stream, ill.controlled)
        kind = stability(state)
        following = due + timedelta(days=stream.between(78, 90) if kind == STABLE else stream.between(10, 14))
        _visit(record, stream, state, due, following, worker, episode)
        due = following


def _state(stream: Stream, well: bool) -> State:  # noqa: FBT001 whether treatment holds
    risk = int((_RISK_WELL if well else _RISK).draw(stream))
    insight = 1 if well else 2 if stream.chance(0.3) else 3 if stream.chance(0.04) else 1
    return State(risk, stream.chance(0.03 if well else 0.25), insight, 1 if well else stream.between(1, 3))


def _visit(
    record: Record, stream: Stream, state: State, day: date, following: date, worker: Worker, episode: str
) -> None:
    """Write the visit with its form (SMI-02)."""
    at_home = stream.chance(0.35)
    kind = stability(state)
    made = record.visit(
        day,
        worker,
        kind="HH" if at_home else "AMB",
        type_=concept(system("follow-up"), NAME, TITLE),
        episode=episode,
        minute=stream.between(8 * 60, 17 * 60),
    )
    made.resource["meta"] = MENTAL_META
    social = str(state.social)
    answers: dict[int, Answer] = {
        1: record.person.name,
        2: record.person.record,
        3: day,
        4: "2" if at_home else "1",
        7: str(state.risk),
        8: stream.pick(_SYMPTOMS) if state.symptoms else "12",
        9: str(state.insight),
        10: "1" if kind == STABLE else "2",
        11: "1" if kind == STABLE else "2",
        12: social,
        13: social,
        14: social,
        16: social,
        18: "1",
        19: "0",
        20: "1",
        21: "1" if kind == STABLE or stream.chance(0.5) else "2",
        22: "1",
        23: "2" if kind == STABLE else "3",
        24: "2" if kind == UNSTABLE else "1",
        28: kind,
        29: following,
        30: worker.name,
    }
    fill(record, "SMI-02", answers, at=made.at, author=worker, visit=made, meta=MENTAL_META)
