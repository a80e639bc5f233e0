"""Batch: each entry is a request of its own; one that fails leaves the others alone."""

import asyncio
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import structlog

from xinglin.fhir.bundle import Incoming, Item, in_order
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.server.call import Call
from xinglin.server.dispatch import dispatch
from xinglin.server.http import Response
from xinglin.server.interactions.entries import answer, refused, request_of
from xinglin.server.log import frames_of
from xinglin.server.respond import JSON, bundle

# Entries of one kind run side by side, so that the store groups their statements.
_AT_ONCE: Final = 16


async def batch(call: Call, incoming: Incoming) -> Response:
    """Carry out the entries; the answers stand in the order of the entries."""
    answers: dict[int, bytes] = {at: refused(OutcomeError(issue)) for at, issue in incoming.refused.items()}
    for _, same in groupby(in_order(incoming.items), key=lambda item: item.method):
        for items in _waves(list(same)):
            done = await asyncio.gather(*(_one(call, item) for item in items))
            answers.update(zip((item.at for item in items), done, strict=True))
    return Response(200, bundle("batch-response", (answers[at] for at in sorted(answers))), [JSON])


def _waves(items: Sequence[Item]) -> list[list[Item]]:
    """Cut *items* into groups that may run side by side: no two of a group name one resource."""
    waves: list[list[Item]] = []
    busy: set[tuple[str | None, str | None]] = set()
    for item in items:
        name = (item.type, item.id)
        if not waves or len(waves[-1]) >= _AT_ONCE or (item.id is not None and name in busy):
            waves.append([])
            busy = set()
        waves[-1].append(item)
        busy.add(name)
    return waves


async def _one(call: Call, item: Item) -> bytes:
    if item.method == "POST" and item.type is None and not item.rest:
        text = "A Bundle cannot carry another batch or transaction."
        return refused(OutcomeError(Issue("not-supported", "bundle-nested", item.where, text)))
    try:
        return answer(item, await dispatch(call.service, request_of(call, item), call.principal, call.fhir))
    except OutcomeError as error:
        return refused(error)
    except Exception as error:  # noqa: BLE001  a bug in one entry must not lose the answers of the others
        structlog.get_logger().error(
            "bug", id=call.request.id, entry=item.at, error=type(error).__qualname__, at=frames_of(error)
        )
        text = f"Something went wrong on our side. The log knows it as request {call.request.id}."
        return refused(OutcomeError(Issue("exception", "bug", text=text, severity="fatal")))
