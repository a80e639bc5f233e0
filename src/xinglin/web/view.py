"""What a page function takes and gives: a form, and a view, a redirect or a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class File:
    """A file that a form brought: the field, the name it had with the visitor, and its bytes.

    stream: where the bytes lie when the page takes large files (`registry.Page.file_most`); content is empty then.
    """

    field: str
    name: str
    content: bytes
    stream: IO[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """Everything a visitor sent: names in the path, the query of a GET or the fields of a POST.

    pairs: query or fields in the order sent, names may repeat. path: values of the ``{names}`` in the page's path.
    language: of the reader. base: public base of the FHIR interface, such as ``http://127.0.0.1:8080/fhir``.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    path: Mapping[str, str] = field(default_factory=dict)
    language: Language = "zh"
    base: str = "/fhir"
    files: tuple[File, ...] = ()

    def __getitem__(self, name: str) -> str:
        """Give the first value of *name*; the empty string when there is none."""
        return self.get(name, "")

    def __contains__(self, name: str) -> bool:
        return name in self.path or any(key == name for key, _ in self.pairs)

    def get(self, name: str, other: str) -> str:
        """Give the first value of *name*, or *other* when it was not sent."""
        return self.path.get(name, next(self.all(name), other))

    def all(self, name: str) -> Iterator[str]:
        """Give every value of *name*, in the order sent."""
        return (value for key, value in self.pairs if key == name)

    def file(self, name: str) -> File | None:
        """Give the first file of the field *name*; None when there is none."""
        return next((one for one in self.files if one.field == name), None)

    def without(self, *names: str) -> tuple[tuple[str, str], ...]:
        """Give the pairs except those called *names*."""
        return tuple((key, value) for key, value in self.pairs if key not in names)


@dataclass(frozen=True, slots=True)
class View:
    """A template with its values; HTMX gets only *block* of it when it names one.

    The template's own data goes into values; language, menu and the like come from the page's context.
    session: the cookie of a session that begins with this page; empty: the visitor's session has ended.
    leads_to: origin (or scheme of a native app) elsewhere at which a form of the page may end.
    live: topics (`UnitOfWork.announce`) of which the page wants to hear while it is open: what listens to
    ``live from:body`` is fetched again; without JavaScript the whole page is, every 15 seconds.
    devices: of ``camera microphone``, what scripts of the page may ask for; of every other page a browser refuses them.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    block: str | None = None
    status: int = 200
    session: str | None = None
    leads_to: str = ""
    live: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody's place on a line between browsers. side: whose. now: what the page shows, such as the medium.

    topics: what is announced when *now* may have changed.
    """

    line: str
    side: str
    now: Mapping[str, str]
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go on to another page: after a POST (303), or when the address has a better one. session: as of `View`."""

    to: str
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Download:
    """A file that a page gives: its bytes, media type, and the name it is kept under. session: as of `View`.

    inline: the browser shows it where it can (a PDF), instead of keeping it.
    """

    body: bytes
    media_type: str
    name: str
    inline: bool = False
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What an outside system says by a call-back. verb: GET or POST. headers: by lower-case names. body: as sent."""

    verb: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """What a call-back is answered."""

    body: bytes = b""
    media_type: str = "text/plain; charset=utf-8"
    status: int = 200


class Rejected(Exception):
    """The form was not taken: *view* asks again, and nothing of what was done stays, as with any refusal."""

    def __init__(self, view: View) -> None:
        super().__init__(view.template)
        self.view = view
