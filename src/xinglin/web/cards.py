"""The usual insides of the cards of start pages: figures that lead to the cases behind them, and lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from xinglin.fhir.declarations import Text
from xinglin.web.view import View


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, what it counts, where its cases are (empty: nowhere). tone: of the number, when it is not zero."""

    text: Text
    number: int
    href: str
    tone: str = "neutral"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that leads somewhere: icon, what it is, a note below, a state or a text at its end. href may be empty."""

    href: str
    title: str
    note: str = ""
    end: str = ""
    state: str = ""
    tone: str = "neutral"
    icon: str = "point"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart: its label, its number, where its cases are."""

    label: str
    number: int
    href: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads somewhere."""

    text: Text
    href: str


def figures(items: Sequence[Figure]) -> View:
    """Show figures side by side."""
    return View("kit/card-figures.html", {"items": items})


def lines(items: Sequence[Line], *, more: Link | None = None, empty: Text | None = None) -> View | None:
    """Show lines, and where there is more; without any the text *empty*, or no card at all."""
    if not items and empty is None:
        return None
    return View("kit/card-lines.html", {"items": items, "more": more, "empty": empty})


def bars(items: Sequence[Bar], caption: Text) -> View:
    """Show bars from left to right, and the same as a table for those who cannot see them."""
    return View("kit/card-bars.html", {"items": items, "caption": caption})
