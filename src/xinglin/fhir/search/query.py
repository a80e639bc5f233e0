"""The algebra of search: what a query asks, with values already turned into keys and ranges of the index.

The same condition is planned as SQL (`store.search`), and decided in Python over one `Entry` (`fhir.search.match`).
"""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from xinglin.fhir.outcome import Issue

Comparator = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
COMPARATORS: Final[frozenset[str]] = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})


@dataclass(frozen=True, slots=True)
class Always:
    """Holds for every resource."""


@dataclass(frozen=True, slots=True)
class Never:
    """Holds for no resource: a value that cannot exist, e.g. a code of another system."""


@dataclass(frozen=True, slots=True)
class And:
    """All of the conditions hold; of none: always."""

    of: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the conditions holds; of none: never."""

    of: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold; so a resource without the element qualifies."""

    of: "Condition"


@dataclass(frozen=True, slots=True)
class IdIn:
    """The resource has one of these logical ids."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keys:
    """The resource has any of these keys (token, reference, uri, exact string, composite of tokens).

    coded: each key is also indexed by patient. indexed: each has rows in ix; else it stands in res.keys only.
    pats: identities of patients for which "is the patient of the resource" alone already satisfies the condition; the
    keys then find the other resources. refs: key and patient, of keys that are references to patients; they follow from
    the keys, and tell which to ask when patients are merged (`fhir.search.persons`).
    """

    keys: tuple[int, ...]
    coded: bool = False
    indexed: bool = True
    pats: tuple[int, ...] = ()
    refs: tuple[tuple[int, int], ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Terms:
    """The resource has a coded value that the dictionary knows by its code alone, its system alone, or its text.

    parameter: the `terms` key of the parameter. Exactly one of code, system and text is given; text (normalised; a uri
    as it is) matches from its beginning, or anywhere when *contains*. indexed: the keys found have rows in ix.
    """

    parameter: int
    code: str | None = None
    system: str | None = None
    text: str | None = None
    contains: bool = False
    indexed: bool = True


@dataclass(frozen=True, slots=True)
class Dates:
    """A date stands in a relation to the range [lo, hi) in microseconds.

    main: the parameter is the type's main date, whose instants stand in `ord`. ranged: the key that such a resource has
    when its main date is a range instead.
    """

    key: int
    op: Comparator
    lo: int
    hi: int
    main: bool = False
    ranged: int = 0


@dataclass(frozen=True, slots=True)
class Updated:
    """meta.lastUpdated stands in a relation to the range [lo, hi) in microseconds."""

    op: Comparator
    lo: int
    hi: int


@dataclass(frozen=True, slots=True)
class Text:
    """A normalised string begins with *text* (under any of the keys), or contains it."""

    keys: tuple[int, ...]
    text: str
    contains: bool = False


@dataclass(frozen=True, slots=True)
class Numbers:
    """A number lies in a range: lo and hi are None when open; *closed* says whether lo and hi themselves belong to it.

    outside: the value must lie outside of the range instead (``ne``).
    """

    key: int
    lo: float | None
    hi: float | None
    closed: tuple[bool, bool] = (True, False)
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Near:
    """A position lies within *metres* of a point (WGS 84 degrees)."""

    latitude_key: int
    longitude_key: int
    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True, slots=True)
class Words:
    """All words (``x*``: one that begins so) stand in the resource's text; narrative: in its narrative."""

    words: tuple[str, ...]
    narrative: bool = False


@dataclass(frozen=True, slots=True)
class Coded:
    """The resource has a coded value of a value set, or (up, down) a code above or below one in its code system.

    It needs terminology: `store.search` expands it to keys. key_of names type and parameter.
    """

    type: str
    parameter: str
    relation: Literal["in", "above", "below"]
    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Listed:
    """The resource is an entry of the List with this id."""

    list_id: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Some target of a reference parameter satisfies a condition.

    salt: of (type, parameter). primary: a reference to the patient may stand in `pat` alone.
    targets: (type, condition) pairs, any of which will do.
    """

    salt: int
    targets: tuple[tuple[str, "Condition"], ...]
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Has:
    """Some resource of *type* refers to this one by a reference parameter and satisfies a condition.

    salt: of (type, parameter). primary: the parameter is the primary one of a type in the patient's compartment.
    """

    type: str
    salt: int
    condition: "Condition"
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Owned:
    """The resource belongs to one of these patients alone. Conditions of rights: this and the two that follow."""

    pats: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """The patient of the resource has a live relation.

    keys: of all relations of the kinds to whom it is (`security.relations`); salts: with the patient's identity, of
    those to the very patient. grace_us: it holds so long beyond its end. zone: it holds all day there.
    """

    keys: tuple[int, ...]
    salts: tuple[int, ...]
    grace_us: int = 0
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A live Consent of the patient (or of one of the patients) has a term that means the asker.

    mark: salt of the key that says "this patient has such Consents"; terms: keys of the terms; labelled: key of a label
    and of the terms that speak of resources with it; unless, unlabelled: the same of exceptions in the same Consent.
    member: whether resources of several patients count.
    """

    mark: int
    terms: tuple[int, ...]
    labelled: tuple[tuple[int, tuple[int, ...]], ...] = ()
    unless: tuple[int, ...] = ()
    unlabelled: tuple[tuple[int, tuple[int, ...]], ...] = ()
    member: int = 0


Condition = (
    Always
    | Never
    | And
    | Or
    | Not
    | IdIn
    | Keys
    | Terms
    | Dates
    | Updated
    | Text
    | Numbers
    | Near
    | Words
    | Coded
    | Listed
    | Chain
    | Has
    | Owned
    | Related
    | Ruled
)

EVERYTHING: Final = And(())


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of ``_sort``.

    by: ``id``, ``updated``, ``main`` (the type's main date) or the table that holds the values: dx, sx, qx, term.
    key: under which the table holds them, or the salt of references, whose value is type and id of their target.
    fallback: a second key whose value wins when there is one (pinyin). inline: the patient of a row is the target.
    """

    by: Literal["id", "updated", "main", "dx", "sx", "qx", "term", "reference"]
    descending: bool
    key: int = 0
    fallback: int = 0
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """One ``_include`` or ``_revinclude``; parameter is ``*`` for all, source ``*`` for every type."""

    source: str
    parameter: str
    target: str | None = None
    reverse: bool = False
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One search, understood.

    type: None for a search over several types; then *branches* holds the condition of each of them.
    count: rows of a page; None leaves it to the caller. token: of the page, as given.
    applied: the pairs that took effect, for the ``self`` link, in the order given; paging and presentation included.
    issues: what was dropped, and why (handling=lenient). base_url: of this server; references below it are local.
    noted: what others have worked out from this very query, by names of theirs; a query may be asked again.
    """

    type: str | None
    condition: Condition = EVERYTHING
    branches: tuple[tuple[str, Condition], ...] = ()
    sort: tuple[Sort, ...] = ()
    includes: tuple[Include, ...] = ()
    count: int | None = None
    total: Literal["none", "estimate", "accurate"] = "none"
    summary: str | None = None
    elements: tuple[str, ...] = ()
    token: str | None = None
    applied: tuple[tuple[str, str], ...] = ()
    issues: tuple[Issue, ...] = ()
    base_url: str = ""
    noted: dict[str, Any] = field(init=False, default_factory=dict, compare=False, repr=False)

    def of_types(self) -> tuple[tuple[str, Condition], ...]:
        """Give each type with its condition."""
        return self.branches if self.type is None else ((self.type, self.condition),)
