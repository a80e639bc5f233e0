"""The page /design: every component in every state, with invented people."""

from collections.abc import Mapping
from typing import Final

from xinglin.web.view import Form, View

TONES: Final = ("neutral", "success", "info", "warning", "danger")
ICONS: Final = (
    "user",
    "stethoscope",
    "pill",
    "test-pipe",
    "report-medical",
    "vaccine",
    "heartbeat",
    "building-hospital",
)

POINTS: Final = (
    (0, 40, "6.1", True),
    (25, 55, "6.8", True),
    (50, 62, "7.0", True),
    (75, 88, "9.4", False),
    (100, 58, "6.9", True),
)


def page(_form: Form) -> View:
    """Show the design system; it needs no data."""
    return View("design.html", values())


def values() -> Mapping[str, object]:
    """Give what the page shows besides texts."""
    return {"tones": TONES, "icons": ICONS, "points": POINTS}
