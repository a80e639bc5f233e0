"""Names of FHIR types, elements, search parameters and common codes in the reader's language.

The Chinese tables stand in ``texts/names.*.zh.json``; where one has no entry, and in English, the FHIR name is split
into words: ``birthDate`` → ``Birth date``.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

import msgspec

from xinglin.web.catalogue import texts
from xinglin.web.files import folder_of
from xinglin.web.view import Language

_WORDS: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def type_name(code: str, language: Language) -> str:
    """Name a resource or data type: 患者, Patient."""
    return _chinese("types").get(code) or words(code) if language == "zh" else words(code)


def element_name(path: str, language: Language) -> str:
    """Name an element by its path, ``Patient.contact``: the path's own name first, then the bare element's."""
    bare = path.rsplit(".", 1)[-1]
    if language == "zh":
        table = _chinese("elements")
        return table.get(path) or table.get(bare) or words(bare)
    return words(bare)


def parameter_name(on: str, code: str, language: Language) -> str:
    """Name a search parameter of a type."""
    if language == "zh":
        table = _chinese("parameters")
        return table.get(f"{on}.{code}") or table.get(code) or _chinese("elements").get(_camel(code)) or words(code)
    return words(code)


def code_name(code: str, language: Language) -> str:
    """Name a code of a required binding, such as ``final``; the code itself when the table has none."""
    return _chinese("codes").get(code, code) if language == "zh" else code


def role_name(code: str, language: Language) -> str:
    """Name a role: 医师, Physician; the code itself when it has no name."""
    return texts("xinglin.web")[language].get(f"role.{code}", code)


def role_names(codes: Iterable[str], language: Language) -> str:
    """Name some roles in a row."""
    return ("、" if language == "zh" else ", ").join(role_name(code, language) for code in codes)


def words(name: str) -> str:
    """Split a FHIR name into words, the first one capital: ``birthDate`` → ``Birth date``."""
    parts = [part for chunk in re.split(r"[-_ ]", name) for part in _WORDS.findall(chunk)]
    text = " ".join(part if part.isupper() and len(part) > 1 else part.lower() for part in parts)
    return text[:1].upper() + text[1:]


def _camel(code: str) -> str:
    first, *rest = code.lstrip("_").split("-")
    return first + "".join(part.title() for part in rest)


@cache
def _chinese(table: str) -> Mapping[str, str]:
    file = folder_of("xinglin.web") / "texts" / f"names.{table}.zh.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
