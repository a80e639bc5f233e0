"""Who may ask to correct a record, and who answers."""

from collections.abc import Iterator

from xinglin.capabilities.health_records.contract import ANSWERING, ISSUING, READING, REQUESTS
from xinglin.security.grants import Grant
from xinglin.settings import Settings

_ASKED = f"code={REQUESTS.system}|correction"


def grants(settings: Settings) -> tuple[Grant, ...]:
    """Give the grants: residents by the level of their proofing, staff of the institution that is asked."""
    return tuple(_grants(frozenset({settings.level_record})))


def _grants(proved: frozenset[str]) -> Iterator[Grant]:
    for role in ("resident", "guardian"):
        yield Grant(
            role,
            frozenset({"operate"}),
            "Patient",
            operations=frozenset({"ask-correction"}),
            needs=proved,
            name="correct-own",
            source="个人信息保护法 Art. 46",
        )
    yield from _papers(proved)
    for role in sorted(ANSWERING):
        strong = frozenset({"strong"})
        reach = f"{_ASKED}&owner={{organization}}"
        yield Grant(
            role, frozenset({"read", "search"}), "Task", reach, needs=strong, name="corrections-here", source="R7-008"
        )
        yield Grant(
            role,
            frozenset({"operate"}),
            "Task",
            operations=frozenset({"decide-correction"}),
            needs=strong,
            name="corrections-here",
            source="R7-008",
        )


def _papers(proved: frozenset[str]) -> Iterator[Grant]:
    """Documents of a record: whoever reads the record may ask for them; what they hold is what he may see of it."""
    documents, source = frozenset({"document", "cda"}), "R7-008, R7-031"
    people = ((role, proved) for role in ("resident", "guardian"))
    staff = ((role, frozenset({"strong"})) for role in sorted(READING))
    for role, needs in (*people, *staff):
        issuing = frozenset({"issue-document"}) if role in ISSUING else frozenset()
        operate = frozenset({"operate"})
        on_patient = frozenset({"summary"}) | issuing
        yield Grant(role, operate, "Patient", operations=on_patient, needs=needs, name="documents", source=source)
        if issuing:
            taking = frozenset({"import-cda", "file-entries"})
            yield Grant(
                role, operate, "DocumentReference", operations=taking, needs=needs, name="documents", source=source
            )
        yield Grant(role, operate, "Composition", operations=documents, needs=needs, name="documents", source=source)
