"""Comparing texts of any language: edit distances, and Jaro-Winkler similarity."""

from functools import lru_cache


@lru_cache(maxsize=262_144)
def edits(one: str, other: str) -> int:
    """Count the insertions, deletions, substitutions and swaps of neighbours that lead from one text to the other."""
    if one == other:
        return 0
    if not one or not other:
        return len(one) + len(other)
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


@lru_cache(maxsize=262_144)
def similarity(one: str, other: str) -> float:
    """Give the Jaro-Winkler similarity of two texts, 0 to 1; the same in either order."""
    if one == other:
        return 1.0
    if not one or not other:
        return 0.0
    if (len(one), one) > (len(other), other):
        one, other = other, one
    window = max(len(other) // 2 - 1, 0)
    taken = [False] * len(other)
    matched: list[str] = []
    for place, letter in enumerate(one):
        for at in range(max(place - window, 0), min(place + window + 1, len(other))):
            if not taken[at] and other[at] == letter:
                taken[at] = True
                matched.append(letter)
                break
    if not matched:
        return 0.0
    there = [letter for letter, found in zip(other, taken, strict=True) if found]
    swapped = sum(a != b for a, b in zip(matched, there, strict=True)) / 2
    count = len(matched)
    jaro = (count / len(one) + count / len(other) + (count - swapped) / count) / 3
    prefix = 0
    for a, b in zip(one[:4], other[:4], strict=False):
        if a != b:
            break
        prefix += 1
    return jaro + prefix * 0.1 * (1 - jaro)


def one_slip(one: str, other: str) -> bool:
    """Tell whether texts of one length differ by one character, or by two neighbours that are swapped."""
    if len(one) != len(other):
        return False
    wrong = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(wrong) == 1:
        return True
    return (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and one[wrong[0]] + one[wrong[1]] == other[wrong[1]] + other[wrong[0]]
    )
