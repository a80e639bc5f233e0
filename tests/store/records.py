"""Small resources with index rows made by hand, for tests of the store alone."""

from xinglin.fhir.search import keys
from xinglin.fhir.search.entry import Entry
from xinglin.store.executor import Change, Must, Op


def entry(
    rt: str,
    id: str,
    *,
    codes: tuple[str, ...] = ("a",),
    name: str = "",
    day: int | None = None,
    value: float = 1.0,
    patient: str | None = None,
    text: str = "",
) -> Entry:
    """Index rows of every kind: codes (coded), a name, a number, a second date, words."""
    rid = keys.rid_of(rt, id)
    ix = [(keys.token_key(rt, "code", "s", code), True) for code in codes] + [(keys.key_of(rt, "_id", id), False)]
    base = keys.kind_key(rt, "name", "text")
    return Entry(
        rt=rt,
        id=id,
        rid=rid,
        bucket=keys.bucket_of(id),
        pat=keys.rid_of("Patient", patient) if patient else None,
        pats=(),
        ord=keys.UNDATED + 7 if day is None else day * 86_400_000_000,
        keys=[key for key, _ in ix] + [keys.present_key(rt, "code")],
        ix=ix,
        dx=[(keys.kind_key(rt, "date", "date"), (day or 0) * 10, (day or 0) * 10 + 5)],
        sx=[(base, name)] if name else [],
        qx=[(keys.kind_key(rt, "value", "number"), value)],
        tx=text,
        terms=[
            (keys.reference_salt(rt, "code"), "s", code, code.upper(), keys.token_key(rt, "code", "s", code), 5)
            for code in codes
        ],
    )


def change(
    op: Op, rt: str, id: str, content: str = "1", *, expect: int | None = None, must: Must = "any", **index: object
) -> Change:
    """Change whose tail is ``},"valueInteger":content}``."""
    if op == "delete":
        return Change(op, rt, id, expect=expect, must=must)
    made = entry(rt, id, **index)  # type: ignore[arg-type]
    return Change(op, rt, id, tail(content), made, expect=expect, must=must)


def tail(content: str) -> bytes:
    return b'},"valueInteger":' + content.encode() + b"}"
