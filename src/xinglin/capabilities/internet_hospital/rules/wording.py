"""The wording of the four consents to online care: versions in two languages, and what was agreed to (R1-071)."""

import hashlib
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from xinglin.capabilities.internet_hospital.contract import AGREEMENTS, NEEDED
from xinglin.fhir.outcome import Issue
from xinglin.fhir.sources import cites

_FILE: Final = Path(__file__).parent.parent / "data/consent.toml"


@dataclass(frozen=True, slots=True)
class Wording:
    """One version of what is agreed to. title, text: paragraphs by kind and language."""

    version: str
    since: date
    titles: dict[str, dict[str, str]]
    texts: dict[str, dict[str, tuple[str, ...]]]

    def whole(self, kind: str, language: str) -> str:
        """Give the full text of one consent, as it is hashed."""
        return "\n".join((self.titles[kind][language], *self.texts[kind][language]))

    def digest(self, kind: str, language: str) -> str:
        """Give the SHA-256 of the full text, as hexadecimal digits (R1-073)."""
        return hashlib.sha256(self.whole(kind, language).encode()).hexdigest()


@cache
@cites("R1-071")
def current() -> Wording:
    """Read the version in force."""
    given = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return Wording(
        given["version"],
        given["since"],
        {kind: {language: given[kind][language]["title"] for language in ("zh", "en")} for kind in AGREEMENTS},
        {kind: {language: tuple(given[kind][language]["text"]) for language in ("zh", "en")} for kind in AGREEMENTS},
    )


@cites("R1-070", "R1-072")
def agreement_faults(agreed: tuple[str, ...], held: frozenset[str], version: str) -> tuple[Issue, ...]:
    """Reasons why what was agreed to does not do: the two that are needed, in the current wording.

    held: kinds agreed to before in the current wording. Research and sharing may be refused without any effect.
    """
    issues = []
    if agreed and version != current().version:
        issues.append(Issue("conflict", "consent-version", "version", "The wording has changed: please read it again."))
    if set(agreed) - set(AGREEMENTS):
        issues.append(Issue("value", "consent-unknown", "agreed", "There is no such consent."))
    if set(NEEDED) - set(agreed) - held:
        issues.append(Issue("required", "consent-needed", "agreed", "Care online needs your consent first."))
    return tuple(issues)
