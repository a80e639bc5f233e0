"""How a Chinese name sounds: syllables without tone, and syllables as dialects let them be heard.

Speakers of many dialects do not part n from l, f from h, zh ch sh from z c s, or -ng from -n; a clerk who writes down a
name by ear writes one for the other.
"""

from functools import lru_cache
from itertools import islice, product
from typing import Final

from xinglin.fhir.search.text import syllables
from xinglin.matching.characters import DOT, folded

READINGS: Final = 4
# hu- before a vowel is what f- is heard as, and the other way round.
_F: Final = {
    "fa": "hua", "fan": "huan", "fang": "huang", "fei": "hui", "fen": "hun", "feng": "hong", "fo": "huo", "fu": "hu",
    "fou": "hou",
}  # fmt: skip


@lru_cache(maxsize=65_536)
def sounds(name: str) -> tuple[tuple[str, ...], ...]:
    """Give the readings of a name, each as its syllables without tone; at most `READINGS`.

    A part in Latin letters is a syllable of its own.
    """
    plain = folded(name).replace(DOT, "")
    if not plain:
        return ()
    return tuple(
        islice(product(*([*dict.fromkeys(_one_way(one) for one in ways)] for ways in syllables(plain))), READINGS)
    )


@lru_cache(maxsize=65_536)
def near_sounds(name: str) -> tuple[tuple[str, ...], ...]:
    """Give the readings with the syllables as they may be heard in dialects."""
    return tuple(dict.fromkeys(tuple(near(one) for one in reading) for reading in sounds(name)))


@lru_cache(maxsize=4_096)
def near(syllable: str) -> str:
    """Fold a syllable to what dialects do not tell apart: zhang and zan, ling and nin, fu and hu are one."""
    heard = _F.get(syllable, syllable)
    for before, after in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")):
        if heard.startswith(before):
            heard = after + heard[len(before) :]
            break
    if heard.endswith(("ang", "eng", "ing")):
        heard = heard[:-1]
    return heard


def _one_way(syllable: str) -> str:
    """Write ü in one way: lv and lu are typed for lü."""
    return syllable.replace("v", "u")
