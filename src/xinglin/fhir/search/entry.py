"""What the index holds of one version of a resource; `docs/kernel.md` says how each column is stored."""

from msgspec import Struct


class Entry(Struct):
    """The index rows of one version, computed from its content and the time it was written.

    pat: identity of the patient when exactly one patient's compartment holds the resource and its primary parameter
    names that patient; a Patient is its own. pats: all patients.
    ord: main date (lower bound, microseconds since the epoch), else `keys.UNDATED` + time of writing.
    keys: every key, once: those of ix in its order, references to `pat`, presence, spellings without a row.
    ix: (key, coded), coded ones first; these are also indexed by patient. The reference to `pat` has no row: res(rt,
    pat) serves it.
    dx: (key, lo, hi), half-open, microseconds. An instant in the main date has no row, as `ord` serves it.
    sx: (key, normalised text). qx: (key, value). tx: a tsvector in text form, weight A from the narrative.
    terms: (parameter, system, code, normalised text, ix key, text key), the dictionary behind tokens without a system
    and ``:text``.
    epoch: of the `Persons` it was made with; pat, pats and keys name survivors. named: patients of pats as the content
    names them, where that differs.
    """

    rt: str
    id: str
    rid: int
    bucket: int
    pat: int | None
    pats: tuple[int, ...]
    ord: int
    keys: list[int]
    ix: list[tuple[int, bool]]
    dx: list[tuple[int, int, int]]
    sx: list[tuple[int, str]]
    qx: list[tuple[int, float]]
    tx: str
    terms: list[tuple[int, str, str, str, int, int]]
    epoch: int = 0
    named: tuple[int, ...] = ()
