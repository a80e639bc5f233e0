"""What a concept may be asked by: its code and names, full pinyin and initials in each likely reading.

``words`` joins them with line breaks; ``grams`` are numbers by which an inverted index narrows a question down before
the words themselves are looked at: pairs of neighbouring characters, the first few of each word and syllable,
whole words and how they begin, and how long the name is, as the shorter name comes first in an answer (`ranking`).
"""

import unicodedata
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final

BREAK: Final = "\n"
LONGEST: Final = 200  # characters of a name that are indexed
LONGEST_QUESTION: Final = 64
MOST_READINGS: Final = 12  # of one name
MOST_SOUNDS: Final = 3  # of one character
# Changes when words or grams are made otherwise: those that are kept are then made anew (`keeping.reworded`).
FORM: Final = 2
# Characters that a word, and a code, may be asked by from its beginning.
STARTS: Final = (2, 4)
CODE_STARTS: Final = (1, 2, 3, 5)
RUNS: Final = (4, 6)  # characters from the beginning of a syllable: it and the next initial
# Lengths of a name: one class each up to here, then several in one. (first, last)
LENGTHS: Final = (*((n, n) for n in range(25)), (25, 32), (33, 48), (49, 1 << 20))

# Readings that medicine uses, where a dictionary of single characters puts another one first.
_USUAL: Final = {
    "便": "bian", "长": "chang", "重": "zhong", "血": "xue", "发": "fa", "调": "tiao", "脉": "mai", "率": "lv",
    "藏": "zang", "和": "he", "行": "xing", "得": "de", "大": "da", "尿": "niao", "结": "jie", "咽": "yan",
    "肿": "zhong", "区": "qu", "石": "shi", "臂": "bi", "核": "he", "泡": "pao", "折": "zhe", "强": "qiang",
    "薄": "bo", "膀": "pang", "胖": "pang", "吐": "tu", "疟": "nve", "症": "zheng", "降": "jiang", "着": "zhuo",
}  # fmt: skip


def plain(text: str) -> str:
    """Fold case and full-width forms, and make one space of several; at most LONGEST characters."""
    return " ".join(unicodedata.normalize("NFKC", text[:LONGEST]).casefold().split())[:LONGEST]


def is_han(character: str) -> bool:
    """Tell whether a character is Chinese."""
    return "\u3400" <= character <= "\u9fff" or character >= "\U00020000"


@cache
def sounds(character: str) -> tuple[str, ...]:
    """Give the toneless readings of a Chinese character, the usual one first; of any other, itself."""
    if not is_han(character):
        return (character,)
    # 60 MB and a fifth of a second, which only a process that keeps concepts should pay.
    from pypinyin import Style, pinyin  # noqa: PLC0415

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    usual = _USUAL.get(character)
    each = dict.fromkeys(([usual] if usual else []) + ([s.replace("ü", "v") for s in found[0]] if found else []))
    return tuple(each)[:MOST_SOUNDS] or (character,)


def readings(name: str) -> Iterator[tuple[str, ...]]:
    """Give the ways to read *name*, as syllables: the usual one, then with one character at a time read otherwise."""
    spoken = [c for c in name if is_han(c) or c.isalnum()]
    usual = [sounds(c)[0] for c in spoken]
    yield tuple(usual)
    given = 1
    for place, character in enumerate(spoken):
        for other in sounds(character)[1:]:
            if given == MOST_READINGS:
                return
            given += 1
            yield (*usual[:place], other, *usual[place + 1 :])


def words_of(code: str, names: Iterable[str]) -> tuple[str, list[int]]:
    """Give the words of a concept and its grams, each gram once."""
    lower = plain(code)
    words: dict[str, None] = {lower: None}
    grams: set[int] = {*_first(lower)}
    runs: set[str] = {lower}
    for name in names:
        text = plain(name)
        if not text:
            continue
        words[text] = None
        runs.update(text.split())
        grams |= {_gram(pair) for pair in pairwise(text)}
        grams |= {ord(c) for c in text if is_han(c)}
        grams |= {gram for word in text.split() for gram in _first(word)}
        if any(map(is_han, text)):
            for syllables in readings(text):
                initials = "".join(syllable[0] for syllable in syllables)
                words["".join(syllables)] = words[initials] = None
                grams |= {_gram(pair) for pair in pairwise(initials)}
                grams |= {*_first(initials)}
                runs.update(_begun(syllables), (initials,))
    for begun in {run[: RUNS[-1]] for run in runs}:
        grams.update(_of_run(begun))
    asked = {*words, code.lower()}
    grams |= {whole_gram(word) for word in asked}
    grams |= {start_gram(start) for start in {word[:n] for word in asked for n in (1, *STARTS) if len(word) >= n}}
    grams |= {code_gram(code.lower()[:n]) for n in CODE_STARTS if len(code) >= n}
    return BREAK + BREAK.join(words) + BREAK, sorted(grams)


def whole_gram(word: str) -> int:
    """Make a number of a whole word. Numbers of different kinds may collide: what they find is looked at again."""
    return _hashed("w", word)


def start_gram(text: str) -> int:
    """Make a number of how a word begins: of as many of its characters as are known together."""
    if len(text) < STARTS[0]:
        return _gram((BREAK, text))
    return _hashed("s", text[: max(n for n in STARTS if n <= len(text))])


def code_gram(text: str) -> int:
    """Make a number of how a code begins."""
    return _hashed("c", text[: max(n for n in CODE_STARTS if n <= len(text))])


def length_gram(display: str, *, retired: bool) -> int:
    """Make a number of the class of names that a concept's is in: by their length, those in use before the others."""
    low = 0 if retired else next(low for low, high in LENGTHS if low <= len(display) <= high)
    return class_gram(low, retired=retired)


def class_gram(low: int, *, retired: bool) -> int:
    """Make a number of a class of names: the shortest length in it; what is retired is one class."""
    return _hashed("r" if retired else "l", "" if retired else str(low))


def _hashed(kind: str, text: str) -> int:
    number = zlib.crc32(f"{kind}{BREAK}{text}".encode())
    return number - (1 << 32) if number >= 1 << 31 else number


def question(text: str) -> list[tuple[str, list[list[int]]]]:
    """Split what somebody types into the parts that must all be found.

    Each comes with the sets of grams of which one must be there. A part of Chinese characters is found anywhere; one
    Latin letter or digit begins a word.
    """
    parts = dict.fromkeys(plain(text[:LONGEST_QUESTION]).split())
    return [(BREAK + part if _is_single(part) else part, _asked(part)) for part in parts]


def _asked(part: str) -> list[list[int]]:
    if _is_single(part):
        return [[_gram((BREAK, part))]]
    pairs = sorted({_gram(pair) for pair in pairwise(part)} or {ord(part)})
    if any(map(is_han, part)):
        return [pairs]
    # Of pinyin only the beginning of each syllable is kept, of initials and other names every pair.
    if len(part) == 2:
        return [pairs]
    return [[_run(part) if len(part) >= RUNS[0] else _triple(part)], pairs]


def _is_single(part: str) -> bool:
    return len(part) == 1 and not is_han(part)


def _first(word: str) -> Iterator[int]:
    if word:
        yield _gram((BREAK, word[0]))


def _begun(syllables: Sequence[str]) -> Iterator[str]:
    """Give what is read from each place where a syllable begins: what is typed may go on into the next."""
    run, place = "".join(syllables), 0
    for syllable in syllables:
        yield run[place : place + RUNS[-1]]
        place += len(syllable)


@lru_cache(maxsize=20_000)
def _of_run(run: str) -> tuple[int, ...]:
    """Give the grams of how a word or syllable begins and goes on; the same few come again and again."""
    grams = [_run(run[:number]) for number in RUNS if len(run) >= number]
    if len(run) > 1:
        grams.append(_gram((run[0], run[1])))
    if len(run) > 2:
        grams.append(_triple(run))
    return tuple(grams)


def _run(text: str) -> int:
    return _hashed("p", text[: max(n for n in RUNS if n <= len(text))])


def _triple(text: str) -> int:
    """Make a number of the first three characters; it may collide, as the words are looked at afterwards."""
    return (ord(text[0]) & 0x3FF) << 20 | (ord(text[1]) & 0x3FF) << 10 | ord(text[2]) & 0x3FF


def _gram(pair: tuple[str, str]) -> int:
    """Make a signed 32-bit number of two characters; what lies beyond the basic plane may collide."""
    number = (ord(pair[0]) & 0xFFFF) << 16 | ord(pair[1]) & 0xFFFF
    return number - (1 << 32) if number >= 1 << 31 else number
