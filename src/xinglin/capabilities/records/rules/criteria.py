"""The search form of a type: its fields, and the FHIR search that a filled one means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from xinglin.fhir.r4.elements import TYPES
from xinglin.fhir.r4.parameters import PARAMETERS
from xinglin.fhir.r4.valuesets import CODES

# what people search by most, in this order; the rest stands behind "more"
USUAL: Final = (
    *(
        "name",
        "identifier",
        "patient",
        "subject",
        "code",
        "status",
        "clinical-status",
        "category",
        "gender",
        "birthdate",
    ),
    *(
        "phone",
        "date",
        "type",
        "class",
        "authoredon",
        "medication",
        "vaccine-code",
        "address",
        "title",
        "url",
        "_lastUpdated",
    ),
)
SHOWN: Final = 6
# forms hold what one can type; the rest of the parameters is for the address
_LEFT_OUT: Final = frozenset({"_query", "_filter", "_has", "_type", "_text", "_content", "_list"})
_TYPED: Final = frozenset({"token", "string", "reference", "date", "number", "quantity", "uri"})
SINCE, UNTIL, SIGN = ".since", ".until", ".sign"
_PREFIXES: Final = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "ap"})


@dataclass(frozen=True, slots=True)
class Field:
    """One field: the parameter's code and kind, and the codes it may hold when a required binding lists them."""

    code: str
    kind: str
    known: tuple[str, ...] = ()


def fields(on: str) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """Give the fields of a type's form: those in sight, and those behind "more"."""
    every = {
        code: Field(code, parameter.kind, _known(on, parameter.expression))
        for code, parameter in PARAMETERS[on].items()
        if code not in _LEFT_OUT and (parameter.kind in _TYPED or code in {"_id", "_lastUpdated"})
    }
    usual = [every[code] for code in USUAL if code in every and not (code == "subject" and "patient" in every)][:SHOWN]
    rest = [field for code, field in sorted(every.items(), key=lambda item: (item[0].startswith("_"), item[0]))]
    return tuple(usual), tuple(field for field in rest if field not in usual)


def _known(on: str, expression: str) -> tuple[str, ...]:
    """Give the codes of a required binding when the parameter is one plain element of the type."""
    path = expression.split(".")
    if len(path) != 2 or path[0] != on or not (info := TYPES.get(on)):
        return ()
    binding = next((element.binding for element in info.elements if element.name == path[1]), None)
    codes = CODES.get(binding) if binding else None
    found = sorted(codes) if codes else []
    return tuple(found) if len(found) <= 60 else ()


def search_of(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Turn filled fields into search parameters: day ranges into ``ge`` and ``le``, comparisons into prefixes."""
    given = [(name, value.strip()) for name, value in pairs if value.strip()]
    signs = {name.removesuffix(SIGN): value for name, value in given if name.endswith(SIGN)}
    made: list[tuple[str, str]] = []
    for name, value in given:
        if name.endswith(SIGN):
            continue
        if name.endswith(SINCE):
            made.append((name.removesuffix(SINCE), f"ge{value}"))
        elif name.endswith(UNTIL):
            made.append((name.removesuffix(UNTIL), f"le{value}"))
        else:
            sign = signs.get(name, "")
            made.append((name, f"{sign}{value}" if sign in _PREFIXES else value))
    return made


def filled(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Give what each field of the form should show again; of several values the first."""
    shown: dict[str, str] = {}
    for name, value in pairs:
        shown.setdefault(name, value)
    return shown
