"""What a capability may declare, and the checks over all of them.

A capability is a value. The registry puts the list of `app.py` together, refuses contradictions with all faults at
once, and makes the rulebook that the door obeys.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from xinglin.fhir.declarations import CodeSet, Operation, Profile, Text
from xinglin.fhir.r4 import RESOURCES
from xinglin.security.grants import INTERACTIONS, Grant
from xinglin.security.grants import faults as grant_faults
from xinglin.security.relations import WINDOWS, Windows
from xinglin.store.door import UnitOfWork
from xinglin.store.rulebook import Check, Rulebook

Takes = TypeVar("Takes")
Gives = TypeVar("Gives")


@dataclass(frozen=True, slots=True)
class Portal:
    """A part of the site for some roles; every path of its pages begins with ``path``."""

    name: str
    path: str
    roles: frozenset[str]
    title: Text


# For whoever operates or develops the platform; portals of residents and staff come with their capabilities.
WORKBENCH: Final = Portal("workbench", "/", frozenset({"developer"}), Text("工作台", "Workbench"))


@dataclass(frozen=True, slots=True)
class Handler(Generic[Takes, Gives]):
    """The function that does an operation: read, decide, write."""

    operation: Operation[Takes, Gives]
    run: Callable[[UnitOfWork, Takes], Awaitable[Gives]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A check over every write of a profile, or of every resource of a type when given its name."""

    on: Profile | str
    check: Check

    @property
    def type(self) -> str:
        """The FHIR type that is guarded."""
        return self.on if isinstance(self.on, str) else self.on.on


# (work, form) -> web.View; the registry lies below the page kit and does not look inside.
PageFunction = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """One address of a portal: ``show`` answers GET, ``send`` answers POST. ``path`` may hold ``{names}``."""

    portal: Portal
    path: str
    show: PageFunction | None = None
    send: PageFunction | None = None
    menu: Text | None = None
    icon: str = ""
    demo_only: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """Background work, safe to run twice, named ``capability.verb``.

    every: ``HH:MM Zone`` or a cron line in UTC when it is timed.
    """

    name: str
    run: Callable[..., Awaitable[None]]
    retries: int = 3
    every: str = ""


@dataclass(frozen=True, slots=True)
class Capability:
    """Everything that one package adds to the platform."""

    name: str
    title: Text
    needs: tuple[str, ...] = ()
    code_sets: tuple[CodeSet, ...] = ()
    profiles: tuple[Profile, ...] = ()
    invariants: tuple[Invariant, ...] = ()
    operations: tuple[Handler[Any, Any], ...] = ()
    grants: tuple[Grant, ...] = ()
    pages: tuple[Page, ...] = ()
    jobs: tuple[Job, ...] = ()
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
    return Rulebook(
        grants=tuple(grant for one in capabilities for grant in one.grants),
        profiles={profile.url: profile for one in capabilities for profile in one.profiles},
        code_sets={codes.url: codes for one in capabilities for codes in one.code_sets},
        invariants={on: tuple(checks) for on, checks in invariants.items()},
        operations={
            (handler.operation.on, handler.operation.code): (handler.operation, handler.run)
            for one in capabilities
            for handler in one.operations
        },
        windows=windows,
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
            for role in page.portal.roles
        ),
    )
    yield from _twice("job", (job.name for one in capabilities for job in one.jobs))
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
        if not page.path.startswith(page.portal.path):
            yield f"{one.name}: the page {page.path} lies outside its portal {page.portal.path}"
        if page.show is None and page.send is None:
            yield f"{one.name}: the page {page.path} neither shows nor takes anything"


def _verbs(page: Page) -> tuple[str, ...]:
    return ("GET",) * (page.show is not None) + ("POST",) * (page.send is not None)


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{count} times the same {what} {name}"
