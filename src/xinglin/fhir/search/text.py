"""How strings are compared: normal form, readings of Chinese names, and the words of a text."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice, product
from operator import add
from typing import Final

from xinglin.fhir.search.veil import SHORTEST, forget_with, veiled

LONGEST: Final = 600
"""Characters of a string that are indexed: a row of a B-tree has to fit a third of a page."""

WITHIN_MOST: Final = 64
"""Characters of a name within which is looked by index; of a longer one its beginning is found."""
# Names of people and places, in which people look for a part.
_NAMED: Final = frozenset(
    {"Patient", "Practitioner", "RelatedPerson", "Person", "Organization", "Location", "HealthcareService"}
)

_LONGEST_NAME = 32
_MOST_READINGS = 8
_MOST_WORDS = 4_000
_SHORT = 40
_BREAKS = re.compile(r"[\W_]+")
# What nearly every Chinese text is made of: nothing in its words folds otherwise than to lower case, and full-width
# punctuation parts words as well as plain.
_COMMON = re.compile(r"[\x00-\x7f\u3001-\u3002\u4e00-\u9fff\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff5e]*")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_WORD = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
    r"|[^\W_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
# Letters that Unicode does not decompose into a base letter and an accent.
_FOLDED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i"})

# Characters that read otherwise as a surname, and those that are common in given names with two readings.
_SURNAMES: Final[dict[str, tuple[str, ...]]] = {
    "单": ("shan",), "曾": ("zeng",), "解": ("xie",), "仇": ("qiu",), "区": ("ou",), "任": ("ren",), "华": ("hua",),
    "查": ("zha",), "朴": ("piao",), "盖": ("ge", "gai"), "缪": ("miao",), "翟": ("zhai", "di"), "覃": ("qin", "tan"),
    "乐": ("yue", "le"), "员": ("yun",), "种": ("chong",), "秘": ("bi",), "折": ("she",), "召": ("shao",),
    "繁": ("po",), "尉": ("wei", "yu"), "祭": ("zhai",), "黑": ("he",), "重": ("chong",), "沈": ("shen",),
    "洗": ("xian",), "冼": ("xian",), "柏": ("bai", "bo"), "宁": ("ning",), "车": ("che",), "万": ("wan", "mo"),
    "长": ("zhang", "chang"), "澹": ("tan",), "隗": ("wei", "kui"), "乜": ("nie",), "那": ("na",), "哈": ("ha",),
    "石": ("shi",), "葛": ("ge",), "燕": ("yan",), "应": ("ying",), "纪": ("ji",), "谌": ("chen", "shen"),
    "郗": ("xi", "chi"), "逄": ("pang",), "芮": ("rui",), "晁": ("chao",), "幺": ("yao",), "句": ("gou",),
}  # fmt: skip
_GIVEN: Final[dict[str, tuple[str, ...]]] = {
    "乐": ("le", "yue"), "行": ("xing", "hang"), "朝": ("chao", "zhao"), "长": ("chang", "zhang"),
    "重": ("zhong", "chong"), "盛": ("sheng", "cheng"), "晟": ("sheng", "cheng"), "茜": ("xi", "qian"),
    "娜": ("na", "nuo"), "莘": ("shen", "xin"), "筠": ("yun", "jun"), "蔚": ("wei", "yu"), "宿": ("su", "xiu"),
    "单": ("dan", "shan"), "曾": ("zeng", "ceng"), "奇": ("qi", "ji"), "贾": ("jia", "gu"), "解": ("jie", "xie"),
    "和": ("he",), "好": ("hao",), "大": ("da",), "覃": ("qin", "tan"), "参": ("can", "shen"), "柏": ("bai", "bo"),
    "璇": ("xuan",), "琦": ("qi",), "臧": ("zang",), "藏": ("zang", "cang"), "传": ("chuan", "zhuan"),
    "卜": ("bu",), "俞": ("yu", "shu"), "佟": ("tong",), "晖": ("hui",), "育": ("yu",), "都": ("du", "dou"),
}  # fmt: skip
_DOUBLE: Final[dict[str, tuple[str, str]]] = {
    "尉迟": ("yu", "chi"), "万俟": ("mo", "qi"), "长孙": ("zhang", "sun"), "澹台": ("tan", "tai"),
    "单于": ("chan", "yu"), "令狐": ("ling", "hu"), "宇文": ("yu", "wen"), "鲜于": ("xian", "yu"),
}  # fmt: skip


@lru_cache(maxsize=16_384)
def normal(text: str) -> str:
    """Bring *text* to the form in which strings are compared.

    Case and accents fold, compatibility forms (full width) become plain, punctuation and space become one space. What
    holds nothing but punctuation keeps it. At most `LONGEST` characters.
    """
    text = text[: LONGEST * 2]
    if not text.isascii():
        spread = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
        text = "".join(c for c in spread if not unicodedata.combining(c)).translate(_FOLDED)
        text = unicodedata.normalize("NFC", text)
    else:
        text = text.lower()
    plain = veiled(_BREAKS.sub(" ", text).strip())
    return (plain or text.strip())[:LONGEST].rstrip()


def has_han(text: str) -> bool:
    """Tell whether *text* holds a Chinese character."""
    return not text.isascii() and _HAN.search(text) is not None


def looks_within(type: str, code: str) -> bool:
    """Tell whether a search parameter keeps what its Chinese values end with (`within`)."""
    return code == "name" and type in _NAMED


@lru_cache(maxsize=16_384)
def readings(name: str) -> tuple[str, ...]:
    """Give the ways a Chinese *name* is typed in Latin letters: full pinyin and initials, for each of its readings.

    ``张三`` gives ``zhangsan`` and ``zs``. A surname has its reading as a surname; ü is typed v or u. Texts longer than
    a name, and texts without Chinese characters, have none.
    """
    plain = normal(name).replace(" ", "")
    if len(plain) > _LONGEST_NAME or not has_han(plain):
        return ()
    found: dict[str, None] = {}
    for one in islice(product(*_syllables(plain)), _MOST_READINGS):
        full = "".join(one)
        found[full] = None
        if "v" in full:
            found[full.replace("v", "u")] = None
        found["".join(s[0] for s in one)] = None
    return tuple(found)


def within(name: str) -> tuple[str, ...]:
    """Give what a Chinese *name* ends with from each character but the first: what is sought within it begins one.

    ``张三丰`` gives ``三丰`` and ``丰``. Texts longer than `WITHIN_MOST`, or without Chinese characters, have none.
    """
    plain = normal(name)
    if len(plain) > WITHIN_MOST or not has_han(plain):
        return ()
    return tuple(dict.fromkeys(plain[place:] for place in range(1, len(plain)) if plain[place] != " "))


def syllables(name: str) -> list[tuple[str, ...]]:
    """Give the readings of each character of a *name* without tone; a run of other letters is one syllable."""
    return _syllables(normal(name).replace(" ", ""))


@lru_cache(maxsize=16_384)
def _read(run: str) -> tuple[str, ...]:
    """Read a run of Chinese characters; those of addresses come again and again."""
    # 60 MB and a fifth of a second, which only a process that reads Chinese names should pay.
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415

    return tuple(lazy_pinyin(run, style=Style.NORMAL, errors="default"))


def _syllables(plain: str) -> list[tuple[str, ...]]:
    runs = _WORD.findall(plain)
    made: list[tuple[str, ...]] = []
    for run in runs:
        if not _HAN.match(run):
            made.append((run,))
            continue
        read = _read(run)
        if len(read) != len(run):
            made.extend((s,) for s in read if s)
            continue
        for place, (character, syllable) in enumerate(zip(run, read, strict=True)):
            first = place == 0 and not made
            table = _SURNAMES if first and character in _SURNAMES else _GIVEN
            made.append(table.get(character, (syllable,)))
        if run[:2] in _DOUBLE and len(made) == len(run):
            made[:2] = [(s,) for s in _DOUBLE[run[:2]]]
    return made


def words(text: str) -> list[str]:
    """Split *text* into the words of the text index; Chinese runs give each pair of neighbours and the last character.

    Pairs make a Chinese phrase findable without a dictionary; a single character begins a pair, or is the last.
    """
    found: list[str] = []
    for run in _WORD.findall(normal_words(text)):
        if run.isascii():
            found.append(run if len(run) < SHORTEST else veiled(run)[:80])
        elif len(run) <= _SHORT:
            found += _short_run(run)
        else:
            found += _run(run)
    return found


def _run(run: str) -> tuple[str, ...]:
    return (*map(add, run, run[1:]), run[-1]) if _HAN.match(run) else (veiled(run)[:80],)


@lru_cache(maxsize=16_384)
def _short_run(run: str) -> tuple[str, ...]:
    """Give the words between two marks, which are likely to come again."""
    return _run(run)


def query_words(text: str) -> list[str]:
    """Split a query into words that must all stand in the text: pairs of Chinese characters.

    A Chinese character that stands alone is followed by ``*``: a word that begins with it will do.
    """
    found: list[str] = []
    for run in _WORD.findall(normal_words(text)):
        if _HAN.match(run):
            found.extend([run[i : i + 2] for i in range(len(run) - 1)] or [run + "*"])
        else:
            found.append(veiled(run)[:80])
    return list(dict.fromkeys(found))


def normal_words(text: str) -> str:
    """Fold case, width and accents of the words of a text; unlike `normal` it is not cut."""
    if text.isascii() or _COMMON.fullmatch(text):
        return text.lower()
    spread = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", "".join(c for c in spread if not unicodedata.combining(c)).translate(_FOLDED))


_TAG = re.compile(r"<[^<>]*>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{1,31});")


# Some words, each once, and how long they are written as lexemes; not to be changed, as it is shared.
Words = tuple[dict[str, None], int]


def vector(narrative: str, others: Iterable[Words]) -> str:
    """Build the text form of a tsvector: words of the narrative (XHTML) with weight A, the others with weight B.

    Each word stands once, with the higher weight. At most some thousand words: a longer text is findable by its
    beginning.
    """
    strong = _distinct(_ENTITY.sub(" ", _TAG.sub(" ", narrative)))[0] if narrative else {}
    plain: dict[str, None] = {}
    size = 0
    for found, length in others:
        size += length
        if size > _MOST_WORDS * 20:
            break
        plain.update(found)
    if not strong:
        return ":1B ".join(plain) + ":1B" if plain else ""
    rest = [f"{word}:1B" for word in plain if word not in strong]
    return " ".join([*(f"{word}:1A" for word in strong), *rest])


def words_in(text: str) -> Words:
    """Give the words of a text, each once; a short one is likely to come again and is remembered."""
    return _short(text) if len(text) <= _SHORT else _distinct(text)


def _distinct(text: str) -> Words:
    found = words(text)[:_MOST_WORDS]
    return dict.fromkeys(found), sum(map(len, found)) + 4 * len(found)


@lru_cache(maxsize=16_384)
def _short(text: str) -> Words:
    return _distinct(text)


for _remembered in (normal, readings, _short_run, _short):
    forget_with(_remembered.cache_clear)
