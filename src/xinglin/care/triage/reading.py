"""From words to facts: what somebody says, with what is denied, what was long ago, and of whom it is said.

In doubt a symptom holds: to miss a red flag is worse than to send somebody to a doctor in vain.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from xinglin.care.triage import knowledge, numbers
from xinglin.care.triage.model import Complaint, Facts, Person
from xinglin.care.triage.segmenting import Token, tokens

YEAR: Final = 365
CHILD_YEARS: Final = 14  # to which age paediatrics sees somebody; an institution may differ
_CLAUSES: Final = re.compile(r"[,;!?\n。，；！？…~]+|\.(?!\d)")
# What may stand between a negation and what it denies.
_GAP: Final = re.compile(
    r"(?:有|觉得|感觉|感到|出现|什么|啥|明显|的|得|再|太|怎么|很|发生|发现|过|是|咋|大|任何|一点|点|特别|又|见|那么|这么|咋地|伴|伴有|其他|"
    r"have|any|a|the|you|feel|get|had|has|having|\s|、|和|或者|或|及|以及|跟|与|也|还有|/|and|or|nor)*"
)
_FAR: Final = 10  # characters between a part of the body and what is felt there
_CLOSE: Final = 1
# A phrase right behind one of these is denied.
_NO: Final = re.compile(r"(?:没有|没|无|不是|否认|未)[过再有出现]*$")
# Whoever ever thought of it is asked now.
_NEVER_PAST: Final = frozenset({"suicidal"})
_LISTING: Final = frozenset({"没有", "无", "否认", "未", "没", "并无", "no", "denies", "without", "meiyou"})
_ACUTE: Final = re.compile(
    r"今天|今早|今儿|今晨|今晚|刚才|刚刚|昨天|昨晚|昨夜|突然|忽然|这两天|一下子|半夜|today|sudden"
)
_FRESH: Final = re.compile(r"今天|今早|今儿|今晨|今晚|刚才|刚刚|刚|这会儿|正在|半夜|just now|right now")
_PARTS_SHOWN: Final = frozenset({"head", "face", "neck", "back"})


@dataclass(slots=True)
class _Heard:
    """What was heard so far."""

    present: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    past: set[str] = field(default_factory=set)
    parts: list[Token] = field(default_factory=list)


@cache
def meetings() -> dict[tuple[str, str], str]:
    """Give which symptom a part of the body and a feeling make."""
    return {(row["part"], row["feel"]): row["symptom"] for row in knowledge.rows("meetings")}


def read(complaint: Complaint, person: Person) -> Facts:
    """Understand a complaint of a person."""
    text = plain(complaint.text)
    heard = _Heard()
    for clause in _CLAUSES.split(text):
        if clause.strip():
            _clause(heard, clause)
    said = {one for token in tokens(text) for one in _of_person(token)}
    heard.present |= (numbers.heat(text) | numbers.measured(text)) - heard.denied
    heard.present |= _time(text)
    chosen = {one for one in complaint.chosen if knowledge.known(one)}
    answered_no = {one for one in complaint.denied if knowledge.known(one)}
    heard.present |= chosen
    heard.present |= _who(person, text, said, heard.present)
    heard.present -= answered_no
    denied = (heard.denied | answered_no) - heard.present
    return Facts(frozenset(heard.present), frozenset(denied), frozenset(heard.past - heard.present))


def plain(text: str) -> str:
    """Write a complaint in one way: half-width, small letters, no spaces between characters."""
    half = "".join(chr(ord(one) - 0xFEE0) if "\uff10" <= one <= "\uff5a" else one for one in text).lower()
    return re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff\d])", "", half.replace("\u3000", " "))


def _clause(heard: _Heard, clause: str) -> None:
    """Hear one clause: negation and the past hold within it."""
    found = tokens(clause)
    current = any(one.has("now") or one.has("severe") or one.has("worse") for one in found)
    past = not current and (any(one.has("past") for one in found) or numbers.long_ago(clause))
    supposed = not current and any(one.has("hypothetical") for one in found)
    negation: Token | None = None
    anchor = 0  # where the reach of the negation has come to
    before, heard.parts = heard.parts, []
    felt: list[tuple[Token, str]] = []
    parts: list[tuple[Token, bool]] = []

    def reached(token: Token) -> bool:
        return negation is not None and _reaches(clause, negation, anchor, token)

    for token in found:
        if token.has("not") and not token.has("filler"):
            negation, anchor = token, token.end
            continue
        if token.has("contrast"):
            negation = None
            continue
        hit = reached(token)
        symptoms = token.codes("symptom")
        for symptom in symptoms:
            _note(heard, symptom, denied=hit, past=(past or supposed) and symptom not in _NEVER_PAST)
        if token.has("part") and not symptoms:
            parts.append((token, hit))
            anchor = token.end if hit else anchor
        if token.has("feel"):
            near = (
                _near(token, parts)
                or _within(token, found)
                or [(one, False) for one in before if token.code("feel") == "pain" and not parts]
            )
            for part, part_denied in near:
                code = meetings().get((part.code("part"), token.code("feel")))
                if code:
                    _note(heard, code, denied=hit or part_denied, past=past or supposed)
            if not near and not hit:
                felt.append((token, token.code("feel")))
        if hit and (symptoms or token.has("feel")):
            anchor = token.end
        elif symptoms or token.has("feel"):
            negation = None
        if not hit and not past:
            heard.present |= _manner(token)
    for symptom, pattern in knowledge.patterns():
        if (phrase := pattern.search(clause)) and not _NO.search(clause[: phrase.start()]):
            _note(heard, symptom, denied=False, past=(past or supposed) and symptom not in _NEVER_PAST)
    for part, part_denied in parts:
        heard.parts.append(part)
        if part.code("part") in _PARTS_SHOWN and not part_denied:
            heard.present.add(f"at-{part.code('part')}")
        for token, feel in felt:
            code = meetings().get((part.code("part"), feel))
            if code and 0 <= part.start - token.end <= _FAR and not part_denied:
                _note(heard, code, denied=False, past=past or supposed)


def _reaches(clause: str, negation: Token, anchor: int, token: Token) -> bool:
    """Tell whether a negation reaches a word: nothing but small words may stand between."""
    between = clause[anchor : token.start]
    if not _GAP.fullmatch(between):
        return False
    if anchor == negation.end:
        return True
    # Beyond the first word only in a list, or close behind after a plain "none of".
    return bool(between.strip()) or (negation.word in _LISTING and token.has("symptom")) or token.has("feel")


def _near(feel: Token, parts: list[tuple[Token, bool]]) -> list[tuple[Token, bool]]:
    return [(part, denied) for part, denied in parts if 0 <= feel.start - part.end <= _FAR]


def _within(feel: Token, found: tuple[Token, ...]) -> list[tuple[Token, bool]]:
    """Give the part that a symptom just before begins with: 「胸口闷疼」 hurts in the chest."""
    near = [one for one in found if one.has("symptom") and 0 <= feel.start - one.end <= _CLOSE]
    return [(part, False) for one in near for part in tokens(one.word[:2])[:1] if part.has("part")]


def _note(heard: _Heard, code: str, *, denied: bool, past: bool) -> None:
    if denied:
        if code not in heard.present:
            heard.denied.add(code)
    elif past:
        heard.past.add(code)
    else:
        heard.present.add(code)
        heard.denied.discard(code)


_MANNERS: Final = (
    *("severe", "sudden", "worse", "mild", "exertion", "postpartum", "anticoagulant", "several-ill", "food", "loc"),
    *("pregnant", "notpregnant"),
)


def _manner(token: Token) -> set[str]:
    return {kind for kind in _MANNERS if token.has(kind)}


def _of_person(token: Token) -> Iterator[str]:
    for kind in ("infant", "child", "elder", "woman", "man", "self"):
        if token.has(kind):
            yield kind


def _time(text: str) -> set[str]:
    """Give the facts of duration; something acute is never called old for another span that is named beside it."""
    said = numbers.spans(text)
    facts: set[str] = set()
    acute = _ACUTE.search(text) is not None
    if _FRESH.search(text) or (said.shortest is not None and said.shortest < numbers.DAY):
        facts.add("hours")
        acute = True
    if said.longest is not None:
        facts |= {"days-3"} if said.longest >= 3 else set()
        facts |= {"weeks-2"} if said.longest >= numbers.WEEKS else set()
        facts |= {"months-3"} if said.longest >= numbers.MONTHS and not acute else set()
    if re.search(r"好多年|多年|常年|一辈子|老毛病|好几年|几十年|for years", text) and not acute:
        facts |= {"days-3", "weeks-2", "months-3"}
    return facts


def _who(person: Person, text: str, said: set[str], present: set[str]) -> set[str]:
    """Give the facts of the person: what the text says of whom it is about goes before what was filled in."""
    facts: set[str] = set()
    days = numbers.age_days(text)
    if days is None and said & {"infant", "child"} and "elder" not in said:
        days = _of_a_child(person, said)
    if days is None:
        days = person.age_days
    if days is not None:
        facts |= _ages(days)
    elif "elder" in said:
        facts |= {"over-40", "over-60"}
    sex = person.sex or ("male" if "man" in said and "woman" not in said else "")
    sex = sex or ("female" if "woman" in said and "man" not in said else "")
    if present & {"pregnant", "postpartum", "late-period", "less-movement", "water-broke"}:
        sex = "female"
    return facts | ({sex} if sex in {"male", "female"} else set())


def _of_a_child(person: Person, said: set[str]) -> int | None:
    """Give the age of a child of whom none is said: of the person when that is a child, else as of a small one."""
    if person.age_days is not None and person.age_days < CHILD_YEARS * YEAR:
        return person.age_days
    return YEAR - 1 if "infant" in said else 5 * YEAR


def _ages(days: int) -> set[str]:
    below = {"under-3m": 92, "under-1": YEAR, "under-6": 6 * YEAR, "child": CHILD_YEARS * YEAR, "under-26": 26 * YEAR}
    above = {"over-40": 40 * YEAR, "over-60": 60 * YEAR}
    return {fact for fact, limit in below.items() if days < limit} | {
        fact for fact, limit in above.items() if days >= limit
    }
