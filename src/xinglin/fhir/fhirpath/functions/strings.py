"""Strings (http://hl7.org/fhirpath/N1/#string-manipulation)."""

import base64
import binascii
import html
import json
from collections.abc import Callable, Mapping
from typing import Final

from xinglin.fhir.fhirpath import patterns
from xinglin.fhir.fhirpath.errors import FhirPathError
from xinglin.fhir.fhirpath.functions.conversion import text_of
from xinglin.fhir.fhirpath.functions.signature import Body, Function, truth
from xinglin.fhir.fhirpath.nodes import Collection, system
from xinglin.fhir.fhirpath.operators import text
from xinglin.fhir.fhirpath.scope import Scope, integer, string
from xinglin.fhir.fhirpath.tree import Expr

Arguments = tuple[Expr, ...]


def _argument(scope: Scope, arguments: Arguments, index: int = 0) -> str | None:
    return string(scope.value(arguments[index]), "The argument")


def _with_one(body: Callable[[str, str], Collection]) -> Body:
    """Make a function of the input and one string argument; empty when one of them is."""

    def run(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
        value, other = string(focus), _argument(scope, arguments)
        return [] if value is None or other is None else body(value, other)

    return run


def _plain(body: Callable[[str], str | int]) -> Body:
    def run(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
        value = string(focus)
        return [] if value is None else [system(body(value))]

    return run


def _substring(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    value, start = string(focus), integer(scope.value(arguments[0]), "The start")
    length = integer(scope.value(arguments[1]), "The length") if len(arguments) > 1 else None
    if value is None or start is None or not 0 <= start < len(value):
        return []
    return [system(value[start:] if length is None else value[start : start + max(0, length)])]


def _two_arguments(scope: Scope, focus: Collection, arguments: Arguments) -> tuple[str, str, str] | None:
    value, first, second = string(focus), _argument(scope, arguments), _argument(scope, arguments, 1)
    return None if value is None or first is None or second is None else (value, first, second)


def _replace(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    given = _two_arguments(scope, focus, arguments)
    if given is None:
        return []
    value, old, new = given
    _refuse_growth(value, new)
    return text(value.replace(old, new))


def _pattern(scope: Scope, arguments: Arguments, flags: int) -> str | None:
    """Return the pattern that is the first argument, with the flags that may stand at place *flags*."""
    pattern = _argument(scope, arguments)
    given = _argument(scope, arguments, flags) if len(arguments) > flags else None
    return pattern if pattern is None or not given else patterns.with_flags(pattern, given)


def _matching(test: Callable[[str, str], bool]) -> Body:
    def run(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
        value, pattern = string(focus), _pattern(scope, arguments, 1)
        return [] if value is None or pattern is None else truth(test(pattern, value))

    return run


def _replace_matches(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    value, pattern, new = string(focus), _pattern(scope, arguments, 2), _argument(scope, arguments, 1)
    if value is None or pattern is None or new is None:
        return []
    _refuse_growth(value, new)
    return text(patterns.replace(pattern, value, new))


def _refuse_growth(value: str, new: str) -> None:
    """Refuse a replacement that could make a text too large to hold before it can be measured."""
    if (len(value) + 1) * len(new) > 100_000_000:
        raise FhirPathError("execution", "The replacement could grow beyond all measure")


def _to_chars(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    value = string(focus)
    return [] if value is None else [system(character) for character in value]


def _split(value: str, separator: str) -> Collection:
    parts = value.split(separator) if separator else list(value)
    return [system(part) for part in parts]


def _join(scope: Scope, focus: Collection, arguments: Arguments) -> Collection:
    separator = (_argument(scope, arguments) if arguments else "") or ""
    parts = [part for item in focus if (part := text_of(item)) is not None]
    return text(separator.join(parts)) if focus else []


def _decoded(value: str, form: str) -> Collection:
    try:
        match form:
            case "hex":
                return [system(bytes.fromhex(value).decode())]
            case "base64":
                return [system(base64.b64decode(value, validate=True).decode())]
            case "urlbase64":
                return [system(base64.b64decode(value, altchars=b"-_", validate=True).decode())]
            case _:
                return []
    except (binascii.Error, ValueError) as fault:
        raise FhirPathError("execution", f"The text is not {form}: {fault}") from None


def _encoded(value: str, form: str) -> Collection:
    raw = value.encode(errors="surrogatepass")
    match form:
        case "hex":
            return [system(raw.hex())]
        case "base64":
            return [system(base64.b64encode(raw).decode())]
        case "urlbase64":
            return [system(base64.urlsafe_b64encode(raw).decode())]
        case _:
            return []


_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def _escaped(value: str, form: str) -> Collection:
    match form:
        case "html":
            return [system(value.translate(_HTML))]
        case "json":
            return [system(json.dumps(value, ensure_ascii=False)[1:-1])]
        case _:
            return []


def _unescaped(value: str, form: str) -> Collection:
    match form:
        case "html":
            return [system(html.unescape(value))]
        case "json":
            try:
                read = json.loads(f'"{value}"', strict=False)
            except json.JSONDecodeError:
                # A quote that is not escaped ends no string here; the rest is read as it stands.
                read = _unescaped_loosely(value)
            return [system(read)]
        case _:
            return []


_JSON: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def _unescaped_loosely(value: str) -> str:
    parts = value.split("\\")
    found = [parts[0]]
    skip = False
    for part in parts[1:]:
        if skip or not part:
            found.append(part if skip else "\\")
            skip = not skip
        else:
            found.append(_JSON.get(part[0], part[0]) + part[1:])
    return "".join(found)


FUNCTIONS: Final[Mapping[str, Function]] = {
    "indexOf": Function(_with_one(lambda value, part: [system(value.find(part))]), 1, 1),
    "lastIndexOf": Function(_with_one(lambda value, part: [system(value.rfind(part))]), 1, 1),
    "substring": Function(_substring, 1, 2),
    "startsWith": Function(_with_one(lambda value, part: truth(value.startswith(part))), 1, 1),
    "endsWith": Function(_with_one(lambda value, part: truth(value.endswith(part))), 1, 1),
    "contains": Function(_with_one(lambda value, part: truth(part in value)), 1, 1),
    "upper": Function(_plain(str.upper)),
    "lower": Function(_plain(str.lower)),
    "trim": Function(_plain(str.strip)),
    "length": Function(_plain(len)),
    "toChars": Function(_to_chars),
    "replace": Function(_replace, 2, 2),
    "matches": Function(_matching(patterns.search), 1, 2),
    "matchesFull": Function(_matching(patterns.full), 1, 2),
    "replaceMatches": Function(_replace_matches, 2, 3),
    "split": Function(_with_one(_split), 1, 1),
    "join": Function(_join, 0, 1, ordered=True),
    "encode": Function(_with_one(_encoded), 1, 1),
    "decode": Function(_with_one(_decoded), 1, 1),
    "escape": Function(_with_one(_escaped), 1, 1),
    "unescape": Function(_with_one(_unescaped), 1, 1),
}
