"""What a concept may be asked by: its code and names, full pinyin and initials in each likely reading.

``words`` joins them with line breaks; ``grams`` are pairs of neighbouring characters, and the first three of each word
and syllable, as numbers, by which an inverted index narrows a question down before the words themselves are looked at.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Final

BREAK: Final = "\n"
LONGEST: Final = 200  # characters of a name that are indexed
LONGEST_QUESTION: Final = 64
MOST_READINGS: Final = 12  # of one name
MOST_SOUNDS: Final = 3  # of one character

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
    for name in names:
        text = plain(name)
        if not text:
            continue
        words[text] = None
        grams |= {_gram(pair) for pair in pairwise(text)}
        grams |= {ord(c) for c in text if is_han(c)}
        grams |= {gram for word in text.split() for gram in _first(word)}
        if any(map(is_han, text)):
            for syllables in readings(text):
                initials = "".join(syllable[0] for syllable in syllables)
                words["".join(syllables)] = words[initials] = None
                grams |= {_gram(pair) for pair in pairwise(initials)}
                grams |= {*_first(initials), *_begun(syllables)}
    return BREAK + BREAK.join(words) + BREAK, sorted(grams)


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
    return [pairs] if len(part) == 2 else [[_triple(part)], pairs]


def _is_single(part: str) -> bool:
    return len(part) == 1 and not is_han(part)


def _first(word: str) -> Iterator[int]:
    if word:
        yield _gram((BREAK, word[0]))
    if len(word) > 1:
        yield _gram((word[0], word[1]))
    if len(word) > 2:
        yield _triple(word)


def _begun(syllables: Sequence[str]) -> Iterator[int]:
    """Give the grams of each place where a syllable begins: what is typed may go on into the next."""
    run, place = "".join(syllables), 0
    for syllable in syllables:
        rest = run[place : place + 3]
        place += len(syllable)
        if len(rest) > 1:
            yield _gram((rest[0], rest[1]))
        if len(rest) > 2:
            yield _triple(rest)


def _triple(text: str) -> int:
    """Make a number of the first three characters; it may collide, as the words are looked at afterwards."""
    return (ord(text[0]) & 0x3FF) << 20 | (ord(text[1]) & 0x3FF) << 10 | ord(text[2]) & 0x3FF


def _gram(pair: tuple[str, str]) -> int:
    """Make a signed 32-bit number of two characters; what lies beyond the basic plane may collide."""
    number = (ord(pair[0]) & 0xFFFF) << 16 | ord(pair[1]) & 0xFFFF
    return number - (1 << 32) if number >= 1 << 31 else number
