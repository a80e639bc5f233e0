"""Acts as rows of the table ``audit``, and the statements that write them: any number by one statement."""

import re
from collections.abc import Iterable
from typing import Any, Final

from xinglin.fhir.search.keys import TYPE_CODES, bucket_of, hash64
from xinglin.security.ledger import Act, entry_of
from xinglin.store.executor import microseconds

Arguments = tuple[list[Any], ...]
# bucket, id without its number, who, patient, what, action, outcome, rt, entry
AuditRow = tuple[int, int, str, int | None, str, bytes, bytes, int, bytes]

NUMBER_BITS: Final = 20  # of an id, below the milliseconds


def _insert(*, mark: str = "", only: str = "true") -> str:
    """Write the statement. mark: type of one more array, whose element stands beside each entry as e.mark."""
    arrays = '$1::int4[], $2::int8[], $3::text[], $4::int8[], $5::text[], $6::"char"[], $7::"char"[], $8::int2[],'
    columns = "bucket, id, who, patient, what, action, outcome, rt, entry"
    more = (f", $10::{mark}[]", ", mark") if mark else ("", "")
    number = f"id | (nextval('audit_number') & {(1 << NUMBER_BITS) - 1})"
    return (
        f"INSERT INTO audit ({columns}) SELECT {columns.replace('id', number, 1)}"
        f" FROM unnest({arrays} $9::bytea[]{more[0]}) AS e({columns}{more[1]}) WHERE {only}"
    )


INSERT: Final = _insert()
# Sessions by bucket and id, as they lie: those that have ended, or that never were.
_ENDED: Final = """
  SELECT s.id FROM unnest({buckets}::int4[], {ids}::text[]) AS s(bucket, id)
  WHERE NOT EXISTS (SELECT FROM session l WHERE l.bucket = s.bucket AND l.id = s.id AND l.ended IS NULL)
"""
ENDED: Final = _ENDED.format(buckets="$1", ids="$2")
# $10: session of each act, empty for none; $11, $12: all of them. Nothing is written of those that have ended; they are
# answered.
INSERT_OF_THE_LIVING: Final = f"""
WITH ended AS MATERIALIZED ({_ENDED.format(buckets="$11", ids="$12")}), written AS (
  {_insert(mark="text", only="e.mark NOT IN (SELECT id FROM ended)")}
)
SELECT id FROM ended
"""
_PLACEHOLDER: Final = re.compile(r"\$(\d+)")


def row_of(act: Act) -> AuditRow:
    """Lay out one act."""
    place = act.patient if act.patient is not None else hash64(act.who)
    return (
        place & 1023,
        microseconds(act.at) // 1000 << NUMBER_BITS,
        act.who,
        act.patient,
        act.what,
        act.action.encode(),
        act.outcome.encode(),
        TYPE_CODES.get(act.type, 0),
        entry_of(act),
    )


def arguments(acts: Iterable[Act]) -> Arguments:
    """Lay out the arrays of INSERT."""
    return tuple(list(column) for column in zip(*map(row_of, acts), strict=True))


def audited(sql: str, *, mark: str = "", only: str = "true") -> str:
    """Give a statement of several WITH parts one more that writes audit rows; its arguments follow the others.

    mark: type of an array beside the others. only: which of the rows e are written, in words of e.mark and the parts.
    """
    parts, end, last = sql.rpartition("\n)\n")
    if not end:
        raise ValueError("the statement has no WITH parts, each ending on a line of its own")
    used = max(int(number) for number in _PLACEHOLDER.findall(sql))
    insert = _PLACEHOLDER.sub(lambda found: f"${int(found[1]) + used}", _insert(mark=mark, only=only))
    return f"{parts}\n), audited AS (\n  {insert}\n)\n{last}"


def sessions_of(acts: Iterable[Act]) -> tuple[list[int], list[str]]:
    """Give the sessions of acts, each once, with their buckets."""
    names = list({act.session for act in acts if act.session})
    return [bucket_of(name) for name in names], names
