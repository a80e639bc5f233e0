"""The resource after a write, without asking the store again."""

from xinglin.server.call import Call
from xinglin.store.body import cut, head
from xinglin.store.executor import Written


def body_of(call: Call, written: Written, raw: bytes) -> bytes:
    """Join the new head to the client's own bytes; empty when the client does not want the resource."""
    if call.preference.give not in {None, "representation"}:
        return b""
    return head(written.rt, written.id, written.vid, written.ts) + cut(raw, written.rt).tail
