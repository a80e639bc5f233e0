"""Importing a table: what it would change, row by row, and then doing so, in one transaction or in parts by a job.

The file is kept in a Task, so that what is applied is what was shown, and so that a part that ran twice changes nothing
twice: every row is compared with the directory again when it is applied.
"""

import base64
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from xinglin.capabilities.directory import contract
from xinglin.capabilities.directory.operations import upkeep
from xinglin.capabilities.directory.operations.files import Line, lines
from xinglin.capabilities.directory.operations.reading import document, found, today
from xinglin.capabilities.directory.operations.upkeep import KINDS
from xinglin.capabilities.directory.rules import forms
from xinglin.capabilities.directory.rules.fields import FIELDS, Field, spelled
from xinglin.fhir.document import bytes_of, document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.identifiers import IDENTITY_CARD, USCC
from xinglin.security.institution_forms import identifier
from xinglin.store.door import Fhir, UnitOfWork

State = Literal["new", "changed", "unchanged", "faulty"]
STATES: Final[tuple[State, ...]] = ("faulty", "new", "changed", "unchanged")
Document = dict[str, Any]

AT_ONCE: Final = 1_000  # rows that one transaction takes
PART: Final = 200
BATCH: Final = 50
REASON: Final = "表格导入"
UNDONE: Final = "撤销导入"
_KEYS: Final = {"departments": ("code",), "staff": ("card", "role"), "institutions": ("uscc",)}


@dataclass(frozen=True, slots=True)
class Row:
    """What a row comes to. changes: field, before, after. before: what stands in the directory, None when nothing."""

    number: int
    label: str
    state: State
    values: Mapping[str, str]
    changes: tuple[tuple[Field, str, str], ...] = ()
    faults: tuple[Issue, ...] = ()
    before: Document | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the directory has under a key: the thing itself with its fields, or only the name of the person."""

    before: Document | None = None
    values: Mapping[str, str] | None = None
    person: str = ""


# -- the Task ---------------------------------------------------------------------------------------------------------


async def keep(work: UnitOfWork, kind: str, name: str, content: bytes) -> str:
    """Keep a file that was uploaded; OutcomeError when it cannot be read. Gives the id of its Task."""
    lines(kind, name, content)
    made: Document = {
        "resourceType": "Task",
        "meta": {"profile": [contract.IMPORT_PROFILE.url]},
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{"system": contract.TASKS, "code": contract.IMPORT}]},
        "focus": forms.reference("Organization", await upkeep.own(work)),
        "authoredOn": work.now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "input": [
            _part("kind", valueString=kind),
            _part("name", valueString=name[-100:]),
            _part("content", valueBase64Binary=base64.b64encode(content).decode()),
        ],
    }
    return (await work.platform.create(bytes_of(made), type="Task")).id


def kind_of(task: Mapping[str, Any]) -> str:
    """Give what the file of an import holds."""
    return str(_first(task, "input", "kind", "valueString"))


def name_of(task: Mapping[str, Any]) -> str:
    """Give the name of the file."""
    return str(_first(task, "input", "name", "valueString"))


def lines_of(task: Mapping[str, Any]) -> list[Line]:
    """Read the file of an import again."""
    content = base64.b64decode(str(_first(task, "input", "content", "valueBase64Binary")))
    return lines(kind_of(task), name_of(task), content)


def counted(task: Mapping[str, Any]) -> dict[str, int]:
    """Give how many rows came to what, and how many are done, as far as it was applied."""
    return {name: int(_first(task, "output", name, "valueInteger") or 0) for name in (*STATES, "done")}


# -- what it would change ---------------------------------------------------------------------------------------------


async def plan(
    work: UnitOfWork, kind: str, institution: str, given: Sequence[Line], before: Sequence[Line] = ()
) -> AsyncIterator[Row]:
    """Compare rows with the directory. institution: reference of whose it is.

    before: the lines of the file above them, done by earlier parts: what stood there already stands twice here.
    """
    day = today(work.now)
    seen = Counter(_key(kind, spelled(FIELDS[kind], line.values, today=day)[0]) for line in before)
    for start in range(0, len(given), BATCH):
        read = [(line, *spelled(FIELDS[kind], line.values, today=day)) for line in given[start : start + BATCH]]
        known = await _known(work, kind, institution, [_key(kind, values) for _, values, _ in read])
        for line, values, faults in read:
            key = _key(kind, values)
            seen[key] += 1
            twice = Issue("value", "import-twice", _KEYS[kind][0], "This stands in the file twice.")
            again = (twice,) if all(key) and seen[key] > 1 else ()
            yield _row(kind, line, values, (*faults, *again), known.get(key, Known()))


def _row(kind: str, line: Line, values: dict[str, str], faults: tuple[Issue, ...], known: Known) -> Row:
    label = " ".join(line.values.get(name, "") for name in ("name", *_KEYS[kind]) if name != "card").strip()
    if known.values is not None:
        # What is there already need not be said again.
        faults = tuple(one for one in faults if one.key != "field-needed" or one.where in _KEYS[kind])
    if known.person and values.get("name", known.person) != known.person:
        text = "Somebody of another name has this identity number."
        faults = (*faults, Issue("business-rule", "staff-name", "name", text))
    if any(one.severity == "error" for one in faults):
        return Row(line.number, label, "faulty", values, (), faults, known.before)
    before = known.values or {}
    changes = tuple(
        (one, before.get(one.name, ""), values[one.name])
        for one in FIELDS[kind]
        if one.name in values and before.get(one.name, "") != values[one.name] and (known.values is None or not one.new)
    )
    state: State = "new" if known.values is None else "changed" if changes else "unchanged"
    # What is asked once only, such as a certificate, is not written again.
    once = {one.name for one in FIELDS[kind] if one.new and known.values is not None and one.name not in before}
    whole = {name: text for name, text in (dict(before) | values).items() if name not in once}
    return Row(line.number, label, state, whole, changes if state != "new" else (), (), known.before)


async def _known(
    work: UnitOfWork, kind: str, institution: str, keys: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], Known]:
    wanted = [key for key in keys if all(key)]
    if not wanted:
        return {}
    if kind == "departments":
        there = await found(work.platform, "Organization", partof=institution)
        return {
            (values["code"],): Known(one, values)
            for one in there
            if (values := forms.department_fields(one)).get("code") and forms.is_open(one)
        }
    if kind == "institutions":
        asked = ",".join(f"{USCC}|{key[0]}" for key in wanted)
        there = await found(work.platform, "Organization", identifier=asked)
        return {(identifier(one, USCC),): Known(one, forms.institution_fields(one)) for one in there}
    return await _known_staff(work, institution, wanted)


async def _known_staff(
    work: UnitOfWork, institution: str, keys: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], Known]:
    asked = ",".join(sorted({f"{IDENTITY_CARD}|{card}" for card, _ in keys}))
    people = {f"Practitioner/{one['id']}": one for one in await found(work.platform, "Practitioner", identifier=asked)}
    cards = {identifier(one, IDENTITY_CARD): forms.named(one) for one in people.values()}
    made = {key: Known(person=cards[key[0]]) for key in keys if key[0] in cards}
    if not people:
        return made
    places = await found(
        work.platform, "PractitionerRole", practitioner=",".join(people), organization=institution, active="true"
    )
    for one in places:
        person = people[str(one["practitioner"]["reference"])]
        values = forms.staff_fields(one, person)
        made[values.get("card", ""), values.get("role", "")] = Known(one, values, forms.named(person))
    return made


def _key(kind: str, values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(values.get(name, "") for name in _KEYS[kind])


# -- doing so ---------------------------------------------------------------------------------------------------------


async def apply(work: UnitOfWork, id: str) -> None:
    """Apply an import: at once, or in parts by a job when it is long."""
    await work.lock(f"Task/{id}")
    task = await document(work.fhir, "Task", id)
    if task["status"] != "draft":
        raise OutcomeError(Issue("conflict", "import-applied", text="This import has been applied already."))
    given = lines_of(task)
    if len(given) <= AT_ONCE:
        await _apply_part(work, work.fhir, task, given)
        return
    await work.platform.patch(lambda one: one | {"status": "in-progress"}, type="Task", id=id)
    await work.defer(contract.APPLY_IMPORT, task=id, start=0)


async def apply_part(work: UnitOfWork, id: str, start: int) -> None:
    """Apply the next part of a long import; a part that was done already is passed over."""
    await work.lock(f"Task/{id}")
    task = await document(work.platform, "Task", id)
    if task["status"] != "in-progress" or counted(task)["done"] > start:
        return
    given = lines_of(task)
    await _apply_part(work, work.platform, task, given[start : start + PART], given[:start], whole=len(given))
    if start + PART < len(given):
        await work.defer(contract.APPLY_IMPORT, task=id, start=start + PART)


async def undo(work: UnitOfWork, id: str) -> None:
    """Undo an import: what was new is closed, what was changed is as before, what was changed since stays."""
    await work.lock(f"Task/{id}")
    task = await document(work.fhir, "Task", id)
    if task["status"] != "completed":
        raise OutcomeError(Issue("conflict", "import-applied", text="Only an import that was applied can be undone."))
    for text in reversed(_all(task, "written")):
        type, one, before, after = text.split("/")
        row = await work.fhir.read(type, one, lock=True)
        if row.vid != int(after):
            continue
        now = document_of(row.body())
        old = forms.opened(now, open=False)
        if before != "0":
            old = document_of((await work.fhir.vread(type, one, before)).body()) | {"meta": now["meta"]}
        await work.fhir.update(bytes_of(forms.with_reason(old, UNDONE)), type=type, id=one)
    await work.platform.patch(lambda one: one | {"status": "cancelled"}, type="Task", id=id)


async def _apply_part(
    work: UnitOfWork, fhir: Fhir, task: Document, given: Sequence[Line], above: Sequence[Line] = (), *, whole: int = 0
) -> None:
    kind = KINDS[kind_of(task)]
    reference = str(task["focus"]["reference"])
    institution = await document(work.platform, "Organization", reference.removeprefix("Organization/"))
    counts, written = Counter(counted(task)), _all(task, "written")
    async for row in plan(work, kind.name, reference, given, above):
        counts[row.state] += 1
        if row.state not in {"new", "changed"}:
            continue
        done = await upkeep.write(work, fhir, kind, row.values, row.before, REASON, institution=institution)
        version = str(row.before["meta"]["versionId"]) if row.before is not None else "0"
        written.append(f"{kind.type}/{done.id}/{version}/{done.vid}")
    counts["done"] = len(above) + len(given)
    finished = counts["done"] >= whole
    output = [_part(name, valueInteger=counts[name]) for name in (*STATES, "done")]
    output += [_part("written", valueString=one) for one in written]
    status = "completed" if finished else "in-progress"
    await work.platform.patch(lambda one: one | {"status": status, "output": output}, type="Task", id=str(task["id"]))


def _part(name: str, **value: object) -> Document:
    return {"type": {"text": name}} | value


def _all(task: Mapping[str, Any], name: str) -> list[str]:
    return [str(one["valueString"]) for one in task.get("output") or () if one["type"].get("text") == name]


def _first(task: Mapping[str, Any], member: str, name: str, value: str) -> Any:
    parts = (one for one in task.get(member) or () if (one.get("type") or {}).get("text") == name)
    return next((one.get(value, "") for one in parts), "")
