"""Shapes of the clinical codes: what a code of a disease, an operation or a TCM term looks like, and what it tells."""

import re
from typing import Final

from xinglin.fhir.sources import cites

# Category, fourth character (x where there is none), fifth and sixth; then an extension, then a mark of a pair.
_DISEASE: Final = cites("ST-51")(re.compile(r"[A-Z]\d{2}\.[0-9x]\d{2}(x\d{3})?[†*+]?"))
# The book writes four digits; the edition itself fills a missing fourth with x too: 74.1x00.
_OPERATION: Final = cites("ST-53")(re.compile(r"\d{2}\.\d[0-9x]\d{2}(x\d{3})?"))
_TCM: Final = cites("ST-54")(re.compile(r"[ABC]\d{2}(\.\d{2}){0,4}"))
ASTERISK: Final = "*"


def is_disease_code(code: str) -> bool:
    """Tell whether *code* has the shape of the clinical edition: ``I10.x00``, ``I10.x00x002``, ``N08.300*``."""
    return _DISEASE.fullmatch(code) is not None


def is_operation_code(code: str) -> bool:
    """Tell whether *code* has the shape of an operation: ``47.0100``, ``74.1x00``, ``36.0700x004``."""
    return _OPERATION.fullmatch(code) is not None


def is_tcm_code(code: str) -> bool:
    """Tell whether *code* has the shape of GB/T 15657-2021: A disease, B syndrome, C treatment, dots by level."""
    return _TCM.fullmatch(code) is not None


@cites("ST-52")
def category_of(code: str) -> str:
    """Give the three-character category that statistics count a disease under; ValueError for another shape."""
    if not is_disease_code(code):
        raise ValueError(f"{code} is no code of a disease")
    return code[:3]


@cites("ST-51")
def stands_alone(code: str) -> bool:
    """Tell whether a disease may be a main diagnosis: an asterisk code only says how another disease shows."""
    return not code.endswith(ASTERISK)
