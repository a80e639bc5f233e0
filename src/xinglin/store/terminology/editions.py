"""An edition of a code system in a file, examined before it is taken: shapes, doubles, parents, what changes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from xinglin.fhir.sources import cites
from xinglin.store.terminology.concepts import Found
from xinglin.store.terminology.keeping import SEARCHED, Kept, above_of
from xinglin.store.terminology.sheets import Line

ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cn"
ICD9: Final = "https://xinglin.health/fhir/CodeSystem/icd-9-cm-3-cn"

What = Literal[
    "code-missing", "name-missing", "twice", "shape", "parent-missing", "date", "retired", "renamed", "added"
]
# With these a row is left out; the others are told.
LEFT_OUT: Final = frozenset({"code-missing", "name-missing", "twice"})

# ST-51: six characters and the clinical extension, marks of dagger and asterisk; above them categories and groups.
_ICD10: Final = cites("ST-51")(
    re.compile(r"[A-Z]\d{2}(\.[0-9x]\d{2}(x\d{3})?|\.[0-9x]|\.\d{2})?[†*+]?|[A-Z]\d{2}-[A-Z]\d{2}|[IVX]+|M\d{4,5}/\d")
)
# ST-53: four digits after the point and the clinical extension; above them categories and chapters.
_ICD9: Final = cites("ST-53")(re.compile(r"\d{2}(\.\d{1,2}|\.\d[0-9x]\d{2}(x\d{3})?)?|\d{2}-\d{2}"))
SHAPES: Final = {ICD10: _ICD10, ICD9: _ICD9}
_MARKS: Final = "†*+"


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of a row: number in the file (0: of no row), code, what, and the two values compared."""

    number: int
    code: str
    what: What
    said: str = ""
    before: str = ""


@dataclass(slots=True)
class Edition:
    """An edition as examined. rows: read from the file. kept: groups taken over from the edition before."""

    concepts: list[Kept] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    rows: int = 0
    kept: int = 0

    def count(self, what: What) -> int:
        """Count the remarks of a kind."""
        return sum(one.what == what for one in self.remarks)


def examine(url: str, lines: Iterable[Line], before: Mapping[str, Found]) -> Edition:
    """Examine the rows of a file against the edition before.

    Groups above the codes (chapters, blocks) that the file does not have are taken over, so that the hierarchy stays.
    """
    made = Edition()
    read: dict[str, tuple[Line, dict[str, str]]] = {}
    for line in lines:
        made.rows += 1
        code, name = line.values.get("code", ""), line.values.get("name", "")
        if not code or not name:
            made.remarks.append(Remark(line.number, code, "code-missing" if not code else "name-missing", name))
        elif code in read:
            made.remarks.append(Remark(line.number, code, "twice", name, read[code][1]["name"]))
        else:
            read[code] = (line, dict(line.values))
    parents = {code: _parent(url, code, values.get("parent", ""), read, before) for code, (_, values) in read.items()}
    for code, (line, values) in read.items():
        made.remarks += _remarks(url, line, code, values, parents[code], before)
        made.concepts.append(_concept(code, values, parents[code], before.get(code)))
    groups = _groups(parents, before)
    made.kept = len(groups)
    made.concepts = groups + made.concepts
    have = read.keys() | {one.code for one in groups}
    made.remarks += [
        Remark(0, code, "retired", before=found.display) for code, found in before.items() if code not in have
    ]
    return made


def _remarks(
    url: str, line: Line, code: str, values: Mapping[str, str], parent: str, before: Mapping[str, Found]
) -> Iterator[Remark]:
    shape = SHAPES.get(url)
    if shape is not None and not shape.fullmatch(code):
        yield Remark(line.number, code, "shape", values["name"])
    if not parent and (values.get("parent") or _stem(url, code)):
        yield Remark(line.number, code, "parent-missing", values.get("parent", ""))
    for name in ("since", "until"):
        if values.get(name) and _day(values[name]) is None:
            yield Remark(line.number, code, "date", values[name])
    was = before.get(code)
    if was is None:
        if before:
            yield Remark(line.number, code, "added", values["name"])
    elif was.display != values["name"]:
        yield Remark(line.number, code, "renamed", values["name"], was.display)


def _concept(code: str, values: Mapping[str, str], parent: str, was: Found | None) -> Kept:
    properties = [{"code": name, "valueString": values[name]} for name in ("kind", "level") if values.get(name)]
    same = was if was is not None and was.display == values["name"] else None
    english = values.get("en") or (_english(same) if same else "")
    searched = [one for one in same.designations if one.get("use") == SEARCHED] if same else []
    return Kept(
        code=code,
        display=values["name"],
        parents=(parent,) if parent else (),
        designations=[*([{"language": "en", "value": english}] if english else []), *searched],
        properties=properties,
        since=_day(values.get("since", "")),
        until=_day(values.get("until", "")),
    )


def _english(found: Found) -> str:
    return next((str(one["value"]) for one in found.designations if str(one.get("language", "")).startswith("en")), "")


def _parent(url: str, code: str, said: str, read: Mapping[str, object], before: Mapping[str, Found]) -> str:
    """Give the code above: as the file says, else the longest code that this one goes on from, else as before."""
    if said:
        return said if said in read or said in before else ""
    stem = _stem(url, code)
    while stem:
        if stem in read or (stem in before and stem != code):
            return stem
        stem = _stem(url, stem)
    was = before.get(code)
    return was.parents[0] if was is not None and was.parents else ""


def _stem(url: str, code: str) -> str:
    """Cut the last level off a code that is written in levels; empty at a category, and where codes are not."""
    bare = code.rstrip(_MARKS)
    if bare != code:
        return bare
    if url not in SHAPES or "." not in code:
        return ""
    if "x" in code.rpartition(".")[2][1:]:
        return code[: code.rindex("x")]
    category, _, rest = code.partition(".")
    if url == ICD9:
        # 47.0100 stands below 47.01, that below 47.0, that below 47.
        return f"{category}.{rest[:2]}" if len(rest) > 2 else f"{category}.{rest[:1]}" if len(rest) > 1 else category
    return category if len(rest) < 2 else f"{category}.{rest[0]}"


def _groups(parents: Mapping[str, str], before: Mapping[str, Found]) -> list[Kept]:
    """Take over what stands above the codes and is not in the file, in the order of the edition before."""
    above = {code: found.parents for code, found in before.items()}
    needed: dict[str, None] = {}
    for parent in parents.values():
        if parent and parent not in parents:
            needed[parent] = None
            needed.update(above_of(above, parent))
    return [
        Kept(
            code=code,
            display=found.display,
            parents=found.parents,
            designations=found.designations,
            properties=found.properties,
            abstract=found.abstract,
        )
        for code, found in before.items()
        if code in needed and code not in parents
    ]


def _day(text: str) -> date | None:
    digits = re.sub(r"\D", "", text[:10])
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) if len(digits) == 8 else None
    except ValueError:
        return None
