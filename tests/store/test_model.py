"""Any sequence of changes, by store or transaction, leaves what a model of a few lines says."""

from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.store.records import change, tail
from xinglin.fhir.outcome import OutcomeError
from xinglin.store import history
from xinglin.store.executor import Change
from xinglin.store.store import Store

TURN = count()

Op = Literal["create", "update", "delete"]


@dataclass
class Model:
    """Versions of one resource, oldest first: content, or None for a delete."""

    versions: list[str | None] = field(default_factory=list)

    def write(self, op: Op, content: str, expect: int | None) -> tuple[int, bool] | int:
        """Return (version, created) or the status of the refusal."""
        alive = bool(self.versions) and self.versions[-1] is not None
        if expect is not None and expect != (len(self.versions) or None):
            return 412
        if op == "create" and alive:
            return 409
        if op == "delete" and not alive:
            return len(self.versions), False
        if op != "delete" and alive and self.versions[-1] == content:
            return len(self.versions), False
        self.versions.append(None if op == "delete" else content)
        return len(self.versions), op != "delete" and not alive


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "update", "update", "delete"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["1", "2"]),
        st.none() | st.integers(1, 4),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_every_sequence_of_changes_is_what_the_model_says(
    store: Store, steps: list[tuple[Op, str, str, int | None, bool]]
) -> None:
    turn = next(TURN)
    models = {"a": Model(), "b": Model()}
    for op, which, content, expect, in_transaction in steps:
        given_change = change(
            op, "Basic", f"{which}{turn}", content, expect=expect, codes=(content,), name=f"n{content}"
        )
        expected = models[which].write(op, content, expect)
        assert await answer(store, given_change, in_transaction=in_transaction) == expected
    for which, model in models.items():
        page = await history.page(store, "Basic", f"{which}{turn}", count=100)
        assert [None if row.deleted else row.tail for row in reversed(page.rows)] == [
            None if content is None else tail(content) for content in model.versions
        ]
        found = await store.fetch("SELECT norm FROM sx JOIN res USING (rid) WHERE res.id = $1", f"{which}{turn}")
        last = model.versions[-1] if model.versions else None
        assert [record["norm"] for record in found] == ([] if last is None else [f"n{last}"])


async def answer(store: Store, given_change: Change, *, in_transaction: bool) -> tuple[int, bool] | int:
    try:
        if in_transaction:
            async with store.begin() as transaction:
                written = await transaction.write(given_change)
        else:
            written = await store.write(given_change)
    except OutcomeError as refusal:
        return refusal.status
    return written.vid, written.created
