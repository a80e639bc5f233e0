"""The page /design: every component in every state, with invented people."""

from typing import Final

from xinglin.web.tree import tree
from xinglin.web.view import Form, View

TONES: Final = ("neutral", "success", "info", "warning", "danger")
ICONS: Final = (
    *("user", "stethoscope", "pill", "test-pipe"),
    *("report-medical", "vaccine", "heartbeat", "building-hospital"),
)
# x and y of a trend in per cent of the chart, what the point says, and whether it is normal
POINTS: Final = (
    (0, 40, "6.1", True),
    (25, 55, "6.8", True),
    (50, 62, "7.0", True),
    (75, 88, "9.4", False),
    (100, 58, "6.9", True),
)
PATIENT: Final = {
    "resourceType": "Patient",
    "name": [{"use": "official", "family": "张", "given": ["小梅"]}],
    "gender": "female",
    "birthDate": "1999-03-08",
    "generalPractitioner": [{"reference": "Practitioner/17", "display": "王建国"}],
    "contact": [{"relationship": [{"text": "母亲"}], "name": {"text": "李秀英"}}],
}


def page(form: Form) -> View:
    """Show the design system; it needs no data."""
    nodes = tree(PATIENT, form.language, {}, lambda _reference: "#tree")
    return View("design.html", {"tones": TONES, "icons": ICONS, "points": POINTS, "nodes": nodes})
