"""Texts of pages: one JSON file per language, dotted keys, the same keys in each."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

import msgspec

from xinglin.web.files import Folder, folder_of
from xinglin.web.view import Language

LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


class Catalogue:
    """All texts of one language. An English text with a ``|`` is singular|plural, chosen by ``n``."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Give the text of *key* with its ``{names}`` filled in; KeyError when there is none."""
        text = self._texts[key]
        if "|" in text and "n" in values:
            one, many = text.split("|")
            text = one if values["n"] in {1, "1"} else many
        return text.format(**values) if values else text

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def get(self, key: str, other: str) -> str:
        """Give the text of *key*, or *other* when there is none."""
        return self._texts.get(key, other)

    def keys(self) -> frozenset[str]:
        """Give every key."""
        return frozenset(self._texts)


def load(folders: Iterable[Folder], language: Language) -> Catalogue:
    """Read ``texts/<language>.json`` of every folder that has one; a key that stands twice is a ValueError."""
    texts: dict[str, str] = {}
    for folder in folders:
        file = folder / "texts" / f"{language}.json"
        if not file.is_file():
            continue
        found = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
        if twice := texts.keys() & found.keys():
            raise ValueError(f"{file}: keys stand twice: {sorted(twice)}")
        texts |= found
    return Catalogue(texts)


@cache
def texts(package: str) -> Mapping[Language, Catalogue]:
    """Give the texts of one package in each language, for files that are no pages."""
    return {language: load((folder_of(package),), language) for language in LANGUAGES}
