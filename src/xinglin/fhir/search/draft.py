"""The rows of one resource while they are being gathered, without duplicates."""

from collections.abc import Iterable

from xinglin.fhir.search import keys
from xinglin.fhir.search.persons import NOBODY, Persons


class Draft:
    """Index rows of one resource of one type.

    ix: key to "is coded". primary: key and target of references to patients by primary parameters, which lose their row
    when the target turns out to be the resource's one patient. checks: keys without rows. main: the main date's ranges.
    persons: which patients stand for which. merged: merged patient to parameters that name it.
    """

    __slots__ = (
        *("base_url", "checks", "dx", "id", "ix", "main", "merged", "persons", "primary", "qx", "references", "sx"),
        *("terms", "type"),
    )

    def __init__(self, resource_type: str, resource_id: str, base_url: str, persons: Persons = NOBODY) -> None:
        self.persons = persons
        self.merged: dict[int, set[str]] = {}
        self.type = resource_type
        self.id = resource_id
        self.base_url = base_url
        self.ix: dict[int, bool] = {}
        self.checks: dict[int, None] = {}
        self.dx: dict[tuple[int, int, int], None] = {}
        self.sx: dict[tuple[int, str], None] = {}
        self.qx: dict[tuple[int, float], None] = {}
        self.terms: dict[tuple[int, str, str, str, int, int], None] = {}
        self.references: dict[str, dict[int, None]] = {}  # parameter: identities of the patients it names
        self.primary: dict[int, int] = {}
        self.main: list[tuple[int, int]] = []

    def term(self, code: str, system: str, value: str, text: str, key: int) -> None:
        """Enter a coded value into the dictionary, under its text when it has one."""
        parameter = keys.kind_key(self.type, code, "terms")
        text_key = keys.text_key(parameter, text) if text else key
        self.terms[parameter, system, value, text, key, text_key] = None
        if text:
            self.checks[text_key] = None

    def patient(self, code: str, rid: int) -> int:
        """Give the patient who stands for the one that a parameter names, and note which one it names."""
        survivor = self.persons.canonical(rid)
        if survivor != rid:
            self.merged.setdefault(rid, set()).add(code)
        return survivor

    def patients(self, codes: Iterable[str]) -> dict[int, None]:
        """Give the identities of the patients that any of the parameters names."""
        found: dict[int, None] = {}
        for code in codes:
            if code in self.references:
                found.update(self.references[code])
        return found
