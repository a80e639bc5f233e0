"""Cut a FHIRPath expression into tokens (http://hl7.org/fhirpath/N1/grammar.html)."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from xinglin.fhir.fhirpath.errors import FhirPathError

Kind = Literal[
    "identifier",
    "delimited",
    "string",
    "number",
    "long",
    "date",
    "datetime",
    "time",
    "external",
    "special",
    "symbol",
    "end",
]

# An expression longer than this is refused: no definition of R4 comes near it, and parsing stays bounded.
MAX_LENGTH: Final = 50_000

_DATE = r"\d{4}(?:-\d{2}(?:-\d{2})?)?"
_TIME = r"\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_TOKEN: Final = re.compile(
    rf"""
      (?P<space>\s+ | //[^\r\n]* | /\*(?:[^*]|\*(?!/))*\*/)
    | (?P<datetime>@{_DATE}T(?:{_TIME}(?:Z|[+-]\d{{2}}:\d{{2}})?)?)
    | (?P<time>@T{_TIME})
    | (?P<date>@{_DATE})
    | (?P<long>\d+L\b)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<delimited>`(?:[^`\\]|\\.)*`)
    | (?P<special>\$(?:this|index|total)\b)
    | (?P<external>%(?:[A-Za-z_][A-Za-z0-9_]*|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))
    | (?P<identifier>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol><=|>=|!=|!~|[-+*/|&.,()\[\]{{}}<>=~])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED: Final = {
    "'": "'", '"': '"', "`": "`", "\\": "\\", "/": "/", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """One token; *text* is unquoted for strings and names, and without its sigil for external names and dates."""

    kind: Kind
    text: str
    position: int


def tokens(expression: str) -> list[Token]:
    """Return the tokens of *expression*, closed by one of kind "end". Raises FhirPathError of kind syntax."""
    if len(expression) > MAX_LENGTH:
        raise FhirPathError("syntax", f"The expression is longer than {MAX_LENGTH} characters")
    found: list[Token] = []
    position = 0
    while position < len(expression):
        match = _TOKEN.match(expression, position)
        if match is None:
            raise FhirPathError("syntax", f"Unexpected character {expression[position]!r}", position)
        kind = match.lastgroup
        if kind != "space":
            found.append(_token(kind, match.group(), position))
        position = match.end()
    found.append(Token("end", "", len(expression)))
    return found


def _token(kind: str | None, text: str, position: int) -> Token:
    match kind:
        case "string" | "delimited":
            return Token(kind, unescape(text[1:-1], position), position)
        case "external":
            quoted = text[1] in "`'\""
            return Token("external", unescape(text[2:-1], position) if quoted else text[1:], position)
        case "date" | "datetime" | "time" | "special":
            return Token(kind, text[1:], position)
        case "long":
            return Token("long", text[:-1], position)
        case "number" | "identifier" | "symbol":
            return Token(kind, text, position)
        case _:
            raise AssertionError(kind)


def unescape(text: str, position: int = 0) -> str:
    r"""Resolve the escapes of a FHIRPath string: ``\' \" \` \\ \/ \f \n \r \t \uXXXX``."""

    def one(match: re.Match[str]) -> str:
        code = match.group(1)
        if len(code) == 5:
            return chr(int(code[1:], 16))
        if code not in _ESCAPED:
            raise FhirPathError("syntax", f"Unknown escape \\{code}", position)
        return _ESCAPED[code]

    return _ESCAPE.sub(one, text) if "\\" in text else text
