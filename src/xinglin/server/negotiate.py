"""What the client wants and sends: formats, preferences, conditions (http://hl7.org/fhir/R4/http.html)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.server.http import Pairs, Request

Return = Literal["minimal", "representation", "OperationOutcome"]

JSON_TYPES: Final = frozenset(
    {"application/fhir+json", "application/json", "application/json+fhir", "text/json", "json"}
)
_WILD: Final = frozenset({"*/*", "application/*", "text/*"})
# Parameters of every interaction; not for the search grammar.
GENERAL: Final = frozenset({"_format", "_pretty"})
_VERSIONS: Final = frozenset({"4.0", "4.0.0", "4.0.1", "R4"})
_ETAG: Final = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Preference:
    """The Prefer header: what to answer a write with, and how to treat unknown parameters.

    give: None when the client does not say; a single write then gives the resource, a transaction does not.
    """

    give: Return | None = None
    strict: bool = False


def refuse_unacceptable(request: Request, pairs: Pairs) -> None:
    """Refuse (406) when the client takes none of what we can write: JSON of FHIR 4.0."""
    wanted = next((value for name, value in pairs if name == "_format"), None)
    if wanted is not None:
        # A plus sign in an address is a space to forms; clients forget to escape it.
        if not _gives(wanted.replace(" ", "+") if "+" not in wanted else wanted):
            raise _unacceptable(f"_format={wanted[:100]}", "_format")
        return
    accept = request.header(b"accept")
    if accept is not None and not _acceptable(accept):
        raise _unacceptable(f"Accept: {accept[:100]}", "")


def pretty(pairs: Pairs) -> bool:
    """Tell whether the answer shall be indented."""
    return any(name == "_pretty" and value == "true" for name, value in pairs)


def gzip_accepted(accept_encoding: bytes) -> bool:
    """Tell whether the client takes gzip."""
    return b"gzip" in accept_encoding and _coding_accepted(accept_encoding.decode("latin-1"))


def preference_of(request: Request) -> Preference:
    """Read the Prefer header; what is not understood is ignored, as RFC 7240 says."""
    header = request.header(b"prefer")
    return _PLAIN if header is None else _preference(header)


_PLAIN: Final = Preference()


@lru_cache(maxsize=256)
def _preference(header: str) -> Preference:
    give: Return | None = None
    strict = False
    for part in re.split(r"[,;]", header):
        name, _, value = part.strip().partition("=")
        value = value.strip().strip('"')
        if name.strip().lower() == "return":
            for known in ("minimal", "representation", "OperationOutcome"):
                if value.lower() == known.lower():
                    give = known
        elif name.strip().lower() == "handling":
            strict = value.lower() == "strict"
    return Preference(give, strict)


def refuse_content_type(request: Request, allowed: Iterable[str] = JSON_TYPES) -> str:
    """Give the media type of the body; 415 when it is missing, none of *allowed*, or not in UTF-8."""
    media, charset = _media(request.header(b"content-type") or "")
    if media not in allowed:
        told = f"{media[:80]!r} is" if media else "No Content-Type is given; it is"
        text = f"{told} not taken here; send one of {', '.join(sorted(allowed))}."
        raise OutcomeError(Issue("not-supported", "content-type", text=text), status=415)
    if charset not in {"", "utf-8", "utf8", "us-ascii"}:
        text = f"FHIR is sent in UTF-8, not {charset[:40]}."
        raise OutcomeError(Issue("not-supported", "charset", text=text), status=415)
    return media


def if_match(request: Request) -> int | None:
    """Read If-Match as a version; 400 when it is none (a list and ``*`` name no version)."""
    return version_of(request.header(b"if-match"), "If-Match")


def version_of(given: str | None, name: str, where: str = "") -> int | None:
    """Read an entity tag ``W/"3"`` as a version."""
    if given is None:
        return None
    found = _ETAG.fullmatch(given.strip())
    if found is None or not found[1].isascii() or not found[1].isdigit() or len(found[1]) > 9 or int(found[1]) < 1:
        text = f'{name} must be one entity tag such as W/"3", not {given[:60]!r}.'
        raise OutcomeError(Issue("value", "if-match", where, text))
    return int(found[1])


def none_match(given: str | None, vid: int) -> bool:
    """Tell whether If-None-Match names the version (weak comparison) or any."""
    if given is None:
        return False
    return given.strip() == "*" or str(vid) in _ETAG.findall(given)


@lru_cache(maxsize=256)
def _acceptable(accept: str) -> bool:
    return any(_gives(part) for part in accept.split(","))


@lru_cache(maxsize=256)
def _coding_accepted(header: str) -> bool:
    for part in header.split(","):
        coding, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if coding in {"gzip", "x-gzip"}:
            return "q=0" not in parameters and "q=0.0" not in parameters
    return False


def _gives(wish: str) -> bool:
    media, *parameters = (piece.strip() for piece in wish.split(";"))
    if media.lower() not in JSON_TYPES | _WILD:
        return False
    given = dict(_assigned(parameter) for parameter in parameters)
    return given.get("q") not in {"0", "0.0"} and given.get("fhirversion", "4.0") in _VERSIONS


@lru_cache(maxsize=256)
def _media(header: str) -> tuple[str, str]:
    media, *parameters = (piece.strip() for piece in header.split(";"))
    given = dict(_assigned(parameter) for parameter in parameters)
    return media.lower(), given.get("charset", "").lower()


def _assigned(parameter: str) -> tuple[str, str]:
    name, _, value = parameter.partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _unacceptable(asked: str, where: str) -> OutcomeError:
    text = f"{asked} cannot be given; this server writes application/fhir+json of FHIR 4.0."
    return OutcomeError(Issue("not-supported", "not-acceptable", where, text), status=406)
