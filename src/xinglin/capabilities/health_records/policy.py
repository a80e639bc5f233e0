"""Who may ask to correct a record, and who answers."""

from collections.abc import Iterator

from xinglin.capabilities.health_records.contract import ANSWERING, REQUESTS
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
