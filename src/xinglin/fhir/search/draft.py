"""The rows of one resource while they are being gathered, without duplicates."""

from collections.abc import Iterable

from xinglin.fhir.search import keys


class Draft:
    """Index rows of one resource of one type.

    ix: key to "is coded". primary: key and target of references to patients by primary parameters, which lose their row
    when the target turns out to be the resource's one patient. checks: keys without rows. main: the main date's ranges.
    """

    __slots__ = ("base_url", "checks", "dx", "id", "ix", "main", "primary", "qx", "references", "sx", "terms", "type")

    def __init__(self, resource_type: str, resource_id: str, base_url: str) -> None:
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

    def patients(self, codes: Iterable[str]) -> dict[int, None]:
        """Give the identities of the patients that any of the parameters names."""
        found: dict[int, None] = {}
        for code in codes:
            if code in self.references:
                found.update(self.references[code])
        return found
