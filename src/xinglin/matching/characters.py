"""Characters of names that mean the same: traditional forms, variants, and what people type in their place."""

import json
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Final

# The form that is met, and the form in which names are compared: traditional characters of surnames and given names,
# variants (异体字), and what registers without a rare character have written instead. Made by hand.
_FOLDED: Final = str.maketrans(json.loads((Path(__file__).parent / "data/characters.json").read_text("utf-8")))
# The many dots that stand between the parts of a minority or foreign name.
_DOTS: Final = re.compile("[·•‧∙⋅・･．.‧ᐧ]")
_SPACES: Final = re.compile(r"\s+")
_LATIN_PARTS: Final = re.compile(r"(?<=[^\W\d_])\s+(?=[a-zA-ZÀ-ɏ])")

DOT: Final = "·"


@lru_cache(maxsize=65_536)
def plain(name: str) -> str:
    """Give a name as typed in one form: width and case folded, one kind of dot, no blanks between characters.

    The dot of a minority name stays (CD-12); the blanks of a name in Latin letters become dots.
    """
    text = unicodedata.normalize("NFKC", name).strip().casefold()
    text = _LATIN_PARTS.sub(DOT, _DOTS.sub(DOT, text))
    return _SPACES.sub("", text).strip(DOT)


@lru_cache(maxsize=65_536)
def folded(name: str) -> str:
    """Give the plain name with traditional and variant characters in one form."""
    return plain(name).translate(_FOLDED)
