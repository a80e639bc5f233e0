"""The resource after a write, without asking the store again."""

from xinglin.security.labels import addition
from xinglin.server.call import Call
from xinglin.store.body import cut, head
from xinglin.store.executor import Written


def body_of(call: Call, written: Written, raw: bytes) -> bytes:
    """Give the resource as it is now; empty when the client does not want the resource."""
    if call.preference.give not in {None, "representation"}:
        return b""
    return answer_of(written, raw)


def answer_of(written: Written, raw: bytes) -> bytes:
    """Join the new head to what is kept now, labels included, or where that is not known to the client's own bytes."""
    tail = written.tail or cut(raw, written.rt).tail
    at, more = addition(written.rt, tail)
    return head(written.rt, written.id, written.vid, written.ts) + tail[:at] + more + tail[at:]
