"""How the channels do: what went out in the last day, what came of it, and when one answered last."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from xinglin.capabilities.notifications.pages import shown
from xinglin.fhir.declarations import CHANNELS, Text
from xinglin.store import channels
from xinglin.store.channels import Count
from xinglin.store.door import UnitOfWork
from xinglin.web.format import said
from xinglin.web.view import Language

SPAN: Final = timedelta(hours=24)
COLUMNS: Final[Mapping[str, Text]] = {
    "sent": Text("已发出", "Sent"),
    "delivered": Text("已送达", "Delivered"),
    "undelivered": Text("未送达", "Not delivered"),
    "refused": Text("被拒绝", "Refused"),
    "silent": Text("无应答", "No answer"),
}
# What a channel is called ill by: more silences than answers.
WELL: Final = (Text("正常", "Well"), "success")
ILL: Final = (Text("异常", "Ill"), "danger")
WEAK: Final = (Text("有失败", "Failures"), "warning")


async def of_channels(work: UnitOfWork, language: Language) -> dict[str, Any]:
    """Give the table of channels: headings, and a line for each that sent something."""
    counts = await channels.since(work.executor, work.now - SPAN)
    lines = [line(one, counts, language) for one in CHANNELS if any(count.channel == one for count in counts)]
    return {"heads": [said(text, language) for text in COLUMNS.values()], "lines": lines}


def line(channel: str, counts: Sequence[Count], language: Language) -> dict[str, Any]:
    """Give the line of a channel: counts in the order of `COLUMNS`, how it does, and when it was used last."""
    found = {one.outcome: one for one in counts if one.channel == channel}
    numbers = {name: found[name].n if name in found else 0 for name in COLUMNS}
    text, tone = state(numbers)
    return {
        "channel": said(shown.CHANNELS[channel], language),
        "numbers": list(numbers.values()),
        "state": said(text, language),
        "tone": tone,
        "last": max(one.last for one in found.values()).isoformat(),
    }


def state(numbers: Mapping[str, int]) -> tuple[Text, str]:
    """Say how a channel does: ill when it is silent oftener than it takes something, weak when it loses any."""
    if numbers["silent"] > numbers["sent"]:
        return ILL
    return WEAK if numbers["undelivered"] + numbers["refused"] + numbers["silent"] else WELL
