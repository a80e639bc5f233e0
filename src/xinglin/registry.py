"""What a capability may declare, and the checks over all of them.

A capability is a value. The registry puts the list of `app.py` together, refuses contradictions with all faults at
once, and makes the rulebook that the door obeys.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Final, Generic, TypeVar

from xinglin.fhir.declarations import CHANNELS, CodeSet, NoticeKind, Operation, Profile, Text
from xinglin.fhir.r4 import RESOURCES
from xinglin.security.grants import INTERACTIONS, Grant
from xinglin.security.grants import faults as grant_faults
from xinglin.security.relations import WINDOWS, Windows
from xinglin.store.door import UnitOfWork
from xinglin.store.rulebook import Check, Keys, Look, Rulebook
from xinglin.store.together import Run

Takes = TypeVar("Takes")
Gives = TypeVar("Gives")


@dataclass(frozen=True, slots=True)
class Portal:
    """A part of the site for some roles; every path of its pages begins with ``path``.

    guests: roles that live here too, and read the pages that name them (`Page.roles`) and no others.
    whole: where its roles live. At ``path`` stands their start page, made of cards; its pages may have any path.
    part_of: under whose heading the menu shows its pages.
    """

    name: str
    path: str
    roles: frozenset[str]
    title: Text
    guests: frozenset[str] = frozenset()
    whole: bool = False
    part_of: "Portal | None" = None


# For whoever operates or develops the platform.
WORKBENCH: Final = Portal("workbench", "/", frozenset({"developer"}), Text("工作台", "Workbench"))

RESIDENT: Final = Portal(
    "resident", "/my", frozenset({"resident", "guardian"}), Text("居民服务", "My health"), whole=True
)
CLINIC: Final = Portal(
    "clinic",
    "/clinic",
    frozenset(
        {
            *("physician", "village-doctor", "nurse", "pharmacist", "retail-pharmacist", "technician"),
            *("family-doctor", "public-health"),
        }
    ),
    Text("诊疗", "Care"),
    whole=True,
)
INSTITUTION: Final = Portal(
    "institution",
    "/institution",
    frozenset({"system-admin"}),
    Text("机构", "Institution"),
    guests=frozenset({"receptionist"}),
    whole=True,
)
COMMISSION: Final = Portal(
    "commission", "/commission", frozenset({"regulator"}), Text("监管", "Supervision"), whole=True
)
INSURER: Final = Portal("insurer", "/insurer", frozenset({"insurer"}), Text("医保", "Insurance"), whole=True)
AUDIT: Final = Portal("audit", "/auditor", frozenset({"audit-admin"}), Text("审计", "Audit"), whole=True)
RESEARCH: Final = Portal("research", "/research", frozenset({"researcher"}), Text("研究", "Research"), whole=True)
PORTALS: Final = (RESIDENT, CLINIC, INSTITUTION, COMMISSION, INSURER, AUDIT, RESEARCH)

# The bar at the bottom of a resident's phone: name of the tab, text, icon. `Page.tab` names one.
HOME: Final = "home"
TABS: Final[Mapping[str, tuple[Text, str]]] = {
    HOME: (Text("首页", "Home"), "home"),
    "visits": (Text("就诊", "Visits"), "stethoscope"),
    "health": (Text("健康", "Health"), "heartbeat"),
    "messages": (Text("消息", "Messages"), "mail"),
    "me": (Text("我的", "Me"), "user"),
}


@dataclass(frozen=True, slots=True)
class Handler(Generic[Takes, Gives]):
    """The function that does an operation: read, decide, write.

    together: does what many ask at the same moment in one transaction, where that pays (ADR 0108).
    """

    operation: Operation[Takes, Gives]
    run: Callable[[UnitOfWork, Takes], Awaitable[Gives]]
    together: Run[Takes, Gives] | None = None


@dataclass(frozen=True, slots=True)
class Invariant:
    """A check over every write of a profile, or of every resource of a type when given its name."""

    on: Profile | str
    check: Check

    @property
    def type(self) -> str:
        """The FHIR type that is guarded."""
        return self.on if isinstance(self.on, str) else self.on.on


@dataclass(frozen=True, slots=True)
class Exclusive:
    """What resources of a profile (or of a type) hold alone: never two of them the same key at once.

    keys: the keys that a resource holds in the state it stands in; none when it has ended. They name ids and numbers,
    never what identifies a person. code: of the issue (409) for who comes second. ADR 0093.
    """

    on: Profile | str
    keys: Keys
    code: str

    @property
    def type(self) -> str:
        """The FHIR type that holds."""
        return self.on if isinstance(self.on, str) else self.on.on


@dataclass(frozen=True, slots=True)
class Caution:
    """Somebody who looks at each resource of a type that is written, and warns; nothing is refused for it. ADR 0089.

    look: a pure and quick function of the document, as every write pays for it. texts: of the keys of its issues, for
    the notice on a page.
    """

    on: str
    look: Look
    texts: Mapping[str, Text]


# (work, form) -> web.View; the registry lies below the page kit and does not look inside.
PageFunction = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """One address of a portal: ``show`` answers GET, ``send`` answers POST. ``path`` may hold ``{names}``.

    menu: its text in the menu; without, it is reached from other pages. tab: under which tab of the residents' bar it
    stands (`TABS`); the first page of a tab is where the tab leads. order: in the menu, the lower the earlier.
    roles: who may open it; empty: the portal's roles.
    badge: counts what is new there, shown at its entry of the menu: (work) -> int.
    file_most: bytes of a file that its form brings, as a stream; 0: what every page takes, in memory.
    covers: other addresses that belong to its entry of the menu, with all below them.
    """

    portal: Portal
    path: str
    show: PageFunction | None = None
    send: PageFunction | None = None
    menu: Text | None = None
    icon: str = ""
    demo_only: bool = False
    tab: str = ""
    order: int = 50
    roles: frozenset[str] = frozenset()
    badge: PageFunction | None = None
    file_most: int = 0
    covers: tuple[str, ...] = ()

    @property
    def readers(self) -> frozenset[str]:
        """Who may open it."""
        return self.roles or self.portal.roles


# (work, form) -> web.View | None
CardFunction = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Card:
    """What a capability puts on the start page of a whole portal.

    show: gives a view whose template is the inside of the card; None when there is nothing to say. It is called with
    the rights of whoever looks. order: the lower the further up. roles: for whom; empty: whoever lives in the portal.
    wide: takes the whole width.
    """

    portal: Portal
    title: Text
    show: CardFunction
    order: int = 50
    roles: frozenset[str] = frozenset()
    wide: bool = False

    @property
    def readers(self) -> frozenset[str]:
        """Who sees it."""
        return self.roles or self.portal.roles | self.portal.guests


# (work, web.view.Heard) -> web.view.Said
CallbackFunction = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Callback:
    """An address that an outside system calls: no session, no form of ours. What comes proves itself by a signature.

    answer: is called as nobody; what it decides is done by the platform (`work.platform`). path: below ``/callbacks/``.
    """

    path: str
    answer: CallbackFunction


@dataclass(frozen=True, slots=True)
class Job:
    """Background work, safe to run twice, named ``capability.verb``.

    every: ``HH:MM Zone`` or a cron line in UTC when it is timed.
    """

    name: str
    run: Callable[..., Awaitable[None]]
    retries: int = 3
    every: str = ""


# (work, id) -> web.view.Seat; (work, id, what was said) -> None
SeatFunction = Callable[..., Awaitable[Any]]
ToldFunction = Callable[..., Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Socket:
    """A web socket by which browsers find a way to each other, such as ``/visit/{id}/line`` (ADR 0110).

    join: whether whoever asks may be on the line, and on which side; asked again while the socket is open. told: what
    a browser says to the platform itself (quality of the line).
    """

    path: str
    join: SeatFunction
    told: ToldFunction


@dataclass(frozen=True, slots=True)
class Capability:
    """Everything that one package adds to the platform."""

    name: str
    title: Text
    needs: tuple[str, ...] = ()
    code_sets: tuple[CodeSet, ...] = ()
    profiles: tuple[Profile, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    exclusives: tuple[Exclusive, ...] = ()
    warnings: tuple[Caution, ...] = ()
    operations: tuple[Handler[Any, Any], ...] = ()
    grants: tuple[Grant, ...] = ()
    pages: tuple[Page, ...] = ()
    cards: tuple[Card, ...] = ()
    jobs: tuple[Job, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    sockets: tuple[Socket, ...] = ()
    notices: tuple[NoticeKind, ...] = ()
    # "package:folder" of the page templates, for the page kit
    templates: str = ""


class RegistryError(Exception):
    """The declared capabilities contradict each other; ``faults`` lists every contradiction."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Registry:
    """The capabilities that are switched on, checked; raises RegistryError with all faults at once."""

    capabilities: tuple[Capability, ...]
    windows: Windows = WINDOWS
    rulebook: Rulebook = field(init=False)

    def __post_init__(self) -> None:
        faults = tuple(_faults(self.capabilities))
        if faults:
            raise RegistryError(faults)
        object.__setattr__(self, "rulebook", _rulebook(self.capabilities, self.windows))

    @property
    def pages(self) -> tuple[Page, ...]:
        """All pages, in the order of the capabilities."""
        return tuple(page for one in self.capabilities for page in one.pages)

    def menu(self, roles: AbstractSet[str]) -> tuple[Page, ...]:
        """The pages that stand in the menu of whoever has one of *roles*, in the order of the menu."""
        found = (page for page in self.pages if page.menu is not None and page.readers & roles)
        return tuple(sorted(found, key=lambda page: page.order))

    def cards(self, portal: Portal, roles: AbstractSet[str]) -> tuple[Card, ...]:
        """The cards of a start page for *roles*, from above."""
        found = (card for one in self.capabilities for card in one.cards if card.portal == portal)
        return tuple(sorted((card for card in found if card.readers & roles), key=lambda card: card.order))

    @property
    def warnings(self) -> Mapping[str, Text]:
        """The text of everything that a write may be warned of, by key."""
        cautions = (caution for one in self.capabilities for caution in one.warnings)
        return {key: text for caution in cautions for key, text in caution.texts.items()}

    @property
    def callbacks(self) -> tuple[Callback, ...]:
        """All addresses that outside systems call."""
        return tuple(callback for one in self.capabilities for callback in one.callbacks)

    @property
    def sockets(self) -> tuple[Socket, ...]:
        """All web sockets."""
        return tuple(socket for one in self.capabilities for socket in one.sockets)

    @property
    def jobs(self) -> Mapping[str, Job]:
        """All jobs by name."""
        return {job.name: job for one in self.capabilities for job in one.jobs}


def _rulebook(capabilities: tuple[Capability, ...], windows: Windows) -> Rulebook:
    invariants: dict[str, list[tuple[str | None, Check]]] = {}
    for one in capabilities:
        for invariant in one.invariants:
            url = None if isinstance(invariant.on, str) else invariant.on.url
            invariants.setdefault(invariant.type, []).append((url, invariant.check))
    exclusives: dict[str, list[tuple[str | None, Keys, str]]] = {}
    for exclusive in (exclusive for one in capabilities for exclusive in one.exclusives):
        url = None if isinstance(exclusive.on, str) else exclusive.on.url
        exclusives.setdefault(exclusive.type, []).append((url, exclusive.keys, exclusive.code))
    cautions: dict[str, list[Look]] = {}
    for caution in (caution for one in capabilities for caution in one.warnings):
        cautions.setdefault(caution.on, []).append(caution.look)
    return Rulebook(
        grants=tuple(grant for one in capabilities for grant in one.grants),
        profiles={profile.url: profile for one in capabilities for profile in one.profiles},
        code_sets={codes.url: codes for one in capabilities for codes in one.code_sets},
        invariants={on: tuple(checks) for on, checks in invariants.items()},
        exclusives={on: tuple(found) for on, found in exclusives.items()},
        operations={
            (handler.operation.on, handler.operation.code): (handler.operation, handler.run)
            for one in capabilities
            for handler in one.operations
        },
        together={
            (handler.operation.on, handler.operation.code): handler.together
            for one in capabilities
            for handler in one.operations
            if handler.together is not None
        },
        windows=windows,
        notices={kind.code: kind for one in capabilities for kind in one.notices},
        cautions={on: tuple(looks) for on, looks in cautions.items()},
    )


def _faults(capabilities: tuple[Capability, ...]) -> Iterator[str]:
    yield from _twice("capability", (one.name for one in capabilities))
    yield from _twice("owner of profile", (profile.url for one in capabilities for profile in one.profiles))
    yield from _twice("owner of code set", (codes.url for one in capabilities for codes in one.code_sets))
    yield from _twice(
        "handler of", (f"{h.operation.on}/${h.operation.code}" for one in capabilities for h in one.operations)
    )
    yield from _twice(
        "page on",
        (
            f"{verb} {page.path} for {role}"
            for one in capabilities
            for page in one.pages
            for verb in _verbs(page)
            for role in page.readers
        ),
    )
    yield from _twice("job", (job.name for one in capabilities for job in one.jobs))
    yield from _twice("notice", (kind.code for one in capabilities for kind in one.notices))
    yield from _twice("socket on", (socket.path for one in capabilities for socket in one.sockets))
    yield from _twice("call-back on", (callback.path for one in capabilities for callback in one.callbacks))
    names = {one.name for one in capabilities}
    sets = {codes.url for one in capabilities for codes in one.code_sets}
    grants = tuple(grant for one in capabilities for grant in one.grants)
    for one in capabilities:
        for need in one.needs:
            if need not in names:
                yield f"{one.name} needs {need}, which is switched off or unknown"
        yield from _profile_faults(one, sets)
        yield from _operation_faults(one, grants)
        yield from _grant_faults(one)
        yield from _page_faults(one)
        yield from _card_faults(one)
        for kind in one.notices:
            yield from (f"{one.name}: the notice {kind.code} {fault}" for fault in _notice_faults(kind))
        for callback in one.callbacks:
            if not callback.path.startswith("/callbacks/"):
                yield f"{one.name}: the call-back {callback.path} does not begin with /callbacks/"
        for job in one.jobs:
            if not job.name.startswith(one.name + "."):
                yield f"{one.name}: the job {job.name} does not begin with its capability's name"


def _profile_faults(one: Capability, sets: set[str]) -> Iterator[str]:
    for profile in one.profiles:
        if profile.on not in RESOURCES:
            yield f"{one.name}: profile {profile.url} is on the unknown type {profile.on}"
        for path, url in profile.bindings.items():
            if url not in sets:
                yield f"{one.name}: profile {profile.url} binds {path} to {url}, which no capability declares"
    for invariant in one.invariants:
        if invariant.type not in RESOURCES:
            yield f"{one.name}: an invariant is on the unknown type {invariant.type}"
    for caution in one.warnings:
        if caution.on not in RESOURCES:
            yield f"{one.name}: a warning is on the unknown type {caution.on}"
    for exclusive in one.exclusives:
        if exclusive.type not in RESOURCES:
            yield f"{one.name}: something exclusive is on the unknown type {exclusive.type}"


def _operation_faults(one: Capability, grants: tuple[Grant, ...]) -> Iterator[str]:
    for handler in one.operations:
        operation = handler.operation
        if operation.on != "*" and operation.on not in RESOURCES:
            yield f"{one.name}: ${operation.code} is on the unknown type {operation.on}"
        if not any(
            "operate" in grant.interactions
            and grant.on in {operation.on, "*"}
            and grant.operations & {operation.code, "*"}
            for grant in grants
        ):
            yield f"{one.name}: nobody is granted {operation.on}/${operation.code}"


def _grant_faults(one: Capability) -> Iterator[str]:
    for grant in one.grants:
        if grant.on != "*" and grant.on not in RESOURCES:
            yield f"{one.name}: a grant to {grant.role} is on the unknown type {grant.on}"
        for unknown in sorted(grant.interactions - INTERACTIONS):
            yield f"{one.name}: a grant to {grant.role} on {grant.on} names the unknown interaction {unknown}"
        for fault in grant_faults(grant):
            yield f"{one.name}: {fault}"
        if grant.on == "*" and grant.reach:
            yield f"{one.name}: a grant to {grant.role} on every type cannot have the reach {grant.reach}"


def _page_faults(one: Capability) -> Iterator[str]:
    for page in one.pages:
        if not page.portal.whole and not page.path.startswith(page.portal.path):
            yield f"{one.name}: the page {page.path} lies outside its portal {page.portal.path}"
        if page.path in {portal.path for portal in PORTALS}:
            yield f"{one.name}: at {page.path} stands a start page, which is made of cards"
        for role in sorted(page.roles - page.portal.roles - page.portal.guests):
            yield f"{one.name}: the page {page.path} is for {role}, who is not of the portal {page.portal.name}"
        if page.tab and page.tab not in TABS:
            yield f"{one.name}: the page {page.path} names the unknown tab {page.tab}"
        if page.menu is not None and page.readers <= RESIDENT.roles and not page.tab:
            yield f"{one.name}: the page {page.path} is in the menu of residents and names no tab"
        if page.show is None and page.send is None:
            yield f"{one.name}: the page {page.path} neither shows nor takes anything"


def _card_faults(one: Capability) -> Iterator[str]:
    for card in one.cards:
        if card.portal not in PORTALS:
            yield f"{one.name}: the card {card.title.en} is for {card.portal.name}, which has no start page"
        for role in sorted(card.roles - card.portal.roles - card.portal.guests):
            yield f"{one.name}: the card {card.title.en} is for {role}, who is not of the portal {card.portal.name}"


def _notice_faults(kind: NoticeKind) -> Iterator[str]:
    for channel in kind.channels:
        if channel not in CHANNELS:
            yield f"goes by the unknown channel {channel}"
    if kind.channels and kind.sms is None:
        yield "goes outside and has no text for it"
    if kind.outside - kind.parameters:
        yield f"lets out what it does not take: {', '.join(sorted(kind.outside - kind.parameters))}"
    for text, allowed in ((kind.title, frozenset[str]()), (kind.text, kind.parameters), (kind.sms, kind.outside)):
        for template in (text.zh, text.en) if text is not None else ():
            if unknown := _holes(template) - allowed:
                yield f"may not name {', '.join(sorted(unknown))} in {template!r}"
        if text is not None and _holes(text.zh) != _holes(text.en):
            yield "says different things in its two languages"


def _holes(template: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def _verbs(page: Page) -> tuple[str, ...]:
    return ("GET",) * (page.show is not None) + ("POST",) * (page.send is not None)


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{count} times the same {what} {name}"
