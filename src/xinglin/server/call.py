"""One call of the FHIR interface: what a handler is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.security.principal import Principal
from xinglin.server.http import Pairs, Request, Response
from xinglin.server.negotiate import Preference, preference_of
from xinglin.settings import Settings
from xinglin.store.door import Door, Fhir

if TYPE_CHECKING:
    from xinglin.server.router import Router

# Says who asks; None when the request names nobody (401). OutcomeError when it names somebody who is not known.
PrincipalOf = Callable[[Request], Awaitable[Principal | None]]


@dataclass(frozen=True, slots=True)
class Service:
    """What all calls of a process share. smart: the authorization server is there, and the statement says where."""

    door: Door
    settings: Settings
    router: "Router"
    smart: bool = False


class Call:
    """A request, routed: who asks, through which door, for what.

    fhir: commits each call by itself, or belongs to the transaction of a Bundle. type, id: of the address. vid: of a
    version. name: an operation's code, or the second type of a compartment search.
    """

    __slots__ = ("fhir", "id", "name", "principal", "request", "service", "type", "vid")

    def __init__(
        self,
        service: Service,
        request: Request,
        principal: Principal,
        fhir: Fhir,
        target: "Target",
    ) -> None:
        self.service = service
        self.request = request
        self.principal = principal
        self.fhir = fhir
        self.type = target.type
        self.id = target.id
        self.vid = target.vid
        self.name = target.name

    @property
    def base(self) -> str:
        """The base of our addresses, e.g. ``https://host/fhir``."""
        return self.request.base_url

    @property
    def pairs(self) -> Pairs:
        """The parameters of the query."""
        return self.request.pairs(self.service.settings.max_parameters)

    @property
    def preference(self) -> Preference:
        """The Prefer header."""
        return preference_of(self.request)

    async def body(self) -> bytes:
        """The request's body; refused with 400 when there is none."""
        raw = await self.request.body(self.service.settings.max_body_bytes)
        if not raw.strip():
            raise OutcomeError(Issue("structure", "body-missing", text="The request has no body."))
        return raw


class Target:
    """What an address names."""

    __slots__ = ("id", "name", "type", "vid")

    def __init__(self, type: str = "", id: str = "", vid: str = "", name: str = "") -> None:
        self.type = type
        self.id = id
        self.vid = vid
        self.name = name


Handler = Callable[[Call], Awaitable[Response]]
