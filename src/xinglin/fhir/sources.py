"""Marks that say which rule of the reference books a decision carries out.

`xinglin rules` and the architecture tests find the marks in the source text, so a mark costs nothing at run time and
stands where a reader of the decision sees it.
"""

import re
from collections.abc import Callable
from typing import Final, TypeVar

Marked = TypeVar("Marked")

# R6-001, a point of the retention matrix A9-03, a configuration item A11-07, HR-10 of the book of public health.
RULE_ID: Final = re.compile(r"R\d{1,2}-\d{3}|RA-\d{3}|A\d{1,2}-\d{2}|[A-Z]{2}-\d{2}")


def cites(*ids: str) -> Callable[[Marked], Marked]:
    """Mark a function, class or constant as the place where the rules *ids* are decided; it is given back unchanged.

    ``@cites("R6-001")`` above a function or class, ``LIMIT: Final = cites("R7-015")(183)`` for a constant.
    Raises ValueError when an id has no such form, so that a slip shows on import.
    """
    for id in ids:
        if not RULE_ID.fullmatch(id):
            raise ValueError(f"{id} is no id of a rule")
    return _unchanged


def _unchanged(marked: Marked) -> Marked:
    return marked
