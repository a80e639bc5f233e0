"""The authorization endpoint: who is signed in sees which app asks for what, and lets it in or not.

Nothing is kept between the page and the answer: the form carries the request, and it is judged again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
from authlib.common.urls import add_params_to_uri

from xinglin.fhir.document import document_of
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.search.keys import rid_of
from xinglin.security.principal import Principal
from xinglin.security.scopes import parse
from xinglin.server.oauth import engine
from xinglin.server.oauth.addresses import Addresses
from xinglin.server.oauth.agreement import Agreement
from xinglin.server.oauth.engine import Case, Refused
from xinglin.server.oauth.launch import Launch, open_launch, seal_launch
from xinglin.server.oauth.service import CODE_LASTS, REMEMBERED, Oauth
from xinglin.server.pages import Visit
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import clients, sessions, tokens
from xinglin.store.identity.clients import Client
from xinglin.web.brief import title
from xinglin.web.persons import living
from xinglin.web.view import Redirect, View

# What a request consists of, and the form carries on; everything else in it is ignored (RFC 6749, 3.1).
CARRIED: Final = (
    *("response_type", "client_id", "redirect_uri", "scope", "state", "aud", "launch", "nonce", "prompt"),
    *("code_challenge", "code_challenge_method"),
)
FOUND_MOST: Final = 8
LONGEST: Final = 2_048


@dataclass(frozen=True, slots=True)
class Person:
    """A patient to pick: reference, name, and what tells two of one name apart."""

    reference: str
    name: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A valid request, and what is asked of the person."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    launch: Launch | None

    @property
    def needs_patient(self) -> bool:
        """Tell whether a patient has to be picked: no launch named one, and scopes speak of one."""
        if self.launch is not None and self.launch.patient is not None:
            return False
        return any(
            one == "launch/patient" or ((scope := parse(one)) is not None and scope.context == "patient")
            for one in self.scopes
        )


class Authorize:
    """The pages of the authorization endpoint, and of the apps that are opened from the record."""

    def __init__(self, oauth: Oauth) -> None:
        self._oauth = oauth

    async def show(self, visit: Visit) -> View | Redirect:
        """Ask the person (GET)."""
        try:
            question = await self._question(visit)
        except Refused as refused:
            return _told(refused, visit)
        if visit.form["prompt"] == "none":
            return _back(visit, question, {"error": "interaction_required"})
        async with self._oauth.door.work(visit.principal) as work:
            people = await self._people(work, visit, question)
        return _page(visit, question, people)

    async def decide(self, visit: Visit) -> View | Redirect:
        """Take the person's answer (POST): a code for the app, or that it was denied."""
        try:
            question = await self._question(visit)
        except Refused as refused:
            return _told(refused, visit)
        form = visit.form
        if form["decision"] != "allow":
            await self._oauth.door.event(visit.principal, "app-refused", detail=question.client.id)
            return _back(visit, question, {"error": "access_denied"})
        chosen = tuple(one for one in question.scopes if parse(one) is None or one in set(form.all("allowed")))
        async with self._oauth.door.work(visit.principal) as work:
            patient = question.launch.patient if question.launch is not None else None
            if question.needs_patient:
                patient = await self._picked(work, visit.principal, form["patient"])
                if patient is None:
                    people = await self._people(work, visit, question)
                    return _page(visit, question, people, unpicked=True)
            code = await self._code(work, visit, question, chosen, patient)
            rid = rid_of("Patient", patient.removeprefix("Patient/")) if patient else None
            work.note("app-allowed", patient=rid, detail=f"{question.client.id} {' '.join(chosen)}")
        return _back(visit, question, {"code": code})

    async def launch(self, visit: Visit) -> View | Redirect:
        """Open an app for the patient on the screen (EHR launch), from a link; it writes nothing but the trace."""
        form, oauth, principal = visit.form, self._oauth, visit.principal
        _must_be_signed_in(principal)
        async with oauth.door.work(principal) as work:
            client = await clients.by_id(work.executor, form["client"]) if form["client"] else None
            if client is None or client.state != "approved" or not client.launch_uri:
                raise OutcomeError(Issue("not-found", "not-found"))
            patient, encounter = await _on_screen(work, form["patient"], form["encounter"])
            rid = rid_of("Patient", patient.removeprefix("Patient/")) if patient else None
            work.note("app-opened", patient=rid, detail=client.id)
        token = seal_launch(
            oauth.vault, principal.session, client.id, oauth.store.now, patient=patient, encounter=encounter
        )
        return Redirect(add_params_to_uri(client.launch_uri, [("iss", form.base), ("launch", token)]))

    async def apps(self, visit: Visit) -> View:
        """List the apps that can be opened for a patient."""
        form, principal = visit.form, visit.principal
        _must_be_signed_in(principal)
        async with self._oauth.door.work(principal) as work:
            patient, encounter = await _on_screen(work, form["patient"], form["encounter"])
            people = await self._shown(work, visit, [patient] if patient else [])
            listed = [one for one in await clients.listed(work.executor, "approved") if one.launch_uri]
        context = [(name, value) for name, value in (("patient", patient), ("encounter", encounter)) if value]
        links = [(one, "/oauth/launch?" + urlencode([("client", one.id), *context])) for one in listed]
        return View("oauth/apps.html", {"people": people, "links": links})

    async def _question(self, visit: Visit) -> Question:
        """Judge the request; raises Refused, or OutcomeError (401) when nobody is signed in."""
        form, oauth = visit.form, self._oauth
        pairs = [(name, value) for name, value in form.pairs if name in CARRIED]
        client = await clients.by_id(oauth.store, form["client_id"]) if form["client_id"] else None
        known = client if client is not None and client.state == "approved" else None
        wish = engine.judge_wish(Case(oauth.store.now, known), pairs)
        if client is None:
            raise LookupError("a request that was judged has a client")
        state, at = form["state"], Addresses(form.base)
        if not state:
            raise _wrong(wish.redirect_uri, "invalid_request", "The parameter state is required.", "")
        if not at.is_audience(form["aud"]):
            raise _wrong(wish.redirect_uri, "invalid_request", "The parameter aud does not name this server.", state)
        _must_be_signed_in(visit.principal)
        launch = None
        if form["launch"]:
            launch = open_launch(oauth.vault, form["launch"], visit.principal.session, client.id, oauth.store.now)
            if launch is None:
                text = "The launch was made for somebody else, or is too old."
                raise _wrong(wish.redirect_uri, "invalid_request", text, state)
        return Question(client, wish.redirect_uri, _answerable(wish.scopes, launch), state, launch)

    async def _people(self, work: UnitOfWork, visit: Visit, question: Question) -> tuple[Person, ...]:
        """Give whom the person may pick: self and dependants, or what a search finds within reach."""
        if not question.needs_patient:
            picked = question.launch.patient if question.launch is not None else None
            return await self._shown(work, visit, [picked] if picked else [])
        own = visit.principal.patients
        if own or _is_resident(visit.principal):
            return await self._shown(work, visit, list(own))
        sought = visit.form["q"].strip()
        if not sought:
            return ()
        try:
            page = await work.fhir.find("Patient", name=sought, _count=str(FOUND_MOST))
        except OutcomeError as refused:
            if refused.status >= 500:
                raise
            return ()  # who may not look for patients by name finds none
        found = await living(work, page.matches)
        return tuple(_person(document_of(row.body()), visit) for row in found)

    async def _shown(self, work: UnitOfWork, visit: Visit, references: list[str]) -> tuple[Person, ...]:
        found = []
        for reference in references:
            row = await _read(work, reference)
            if row is not None:
                found.append(_person(row, visit))
        return tuple(found)

    async def _picked(self, work: UnitOfWork, principal: Principal, reference: str) -> str | None:
        """Give the patient that was picked, when the person may act for or reach this patient."""
        if _is_resident(principal) and reference not in principal.patients:
            return None
        return reference if reference.startswith("Patient/") and await _read(work, reference) is not None else None

    async def _code(
        self, work: UnitOfWork, visit: Visit, question: Question, scopes: tuple[str, ...], patient: str | None
    ) -> str:
        """Make a code for what was agreed to."""
        now, principal = work.now, visit.principal
        live = await sessions.live(work.executor, principal.session, now)
        if live is None:
            raise OutcomeError(Issue("login", "login"), status=401)
        agreed = Agreement(
            redirect_uri=question.redirect_uri,
            code_challenge=visit.form["code_challenge"],
            account=live.account,
            role=live.role,
            purpose=live.purpose,
            strong=live.strong,
            authenticated=live.created.timestamp(),
            assignment=live.assignment,
            patient_for=live.patient,
            patient=patient,
            encounter=question.launch.encounter if question.launch is not None else None,
            parent=live.id,
            parent_until=live.until.timestamp(),
            offline="offline_access" in scopes,
            nonce=visit.form["nonce"][:LONGEST],
            address=principal.address,
        )
        code = tokens.new_secret()
        await tokens.put(
            work.executor,
            code,
            kind="code",
            client=question.client.id,
            made=now,
            expires=now + CODE_LASTS,
            until=now + REMEMBERED,
            scopes=" ".join(scopes),
            data=msgspec.json.encode(agreed).decode(),
        )
        return code


def _answerable(scopes: tuple[str, ...], launch: Launch | None) -> tuple[str, ...]:
    """Leave out what this launch cannot give: nobody picks an encounter, and ``launch`` needs one from the record."""
    given = set(scopes)
    if launch is None:
        given -= {"launch", "launch/encounter"}
    return tuple(one for one in scopes if one in given)


def _must_be_signed_in(principal: Principal) -> None:
    if not principal.session:
        raise OutcomeError(Issue("login", "login"), status=401)


async def _on_screen(work: UnitOfWork, patient: str, encounter: str) -> tuple[str | None, str | None]:
    """Give patient and encounter as references, when the person reaches both and they belong together."""
    if not patient:
        return None, None
    id = patient.removeprefix("Patient/")
    await work.fhir.read("Patient", id)
    if not encounter:
        return f"Patient/{id}", None
    found = await work.fhir.find("Encounter", _id=encounter.removeprefix("Encounter/"), patient=id, _count="1")
    if not found.matches:
        raise OutcomeError(Issue("not-found", "not-found"))
    return f"Patient/{id}", f"Encounter/{found.matches[0].id}"


def _is_resident(principal: Principal) -> bool:
    return bool(principal.roles & {"resident", "guardian"})


async def _read(work: UnitOfWork, reference: str) -> dict[str, Any] | None:
    try:
        row = await work.fhir.read("Patient", reference.removeprefix("Patient/"))
    except OutcomeError as refused:
        if refused.status >= 500:
            raise
        return None
    found: dict[str, Any] = document_of(row.body())
    return found


def _person(document: Mapping[str, Any], visit: Visit) -> Person:
    facts = [str(document[name]) for name in ("birthDate",) if name in document]
    return Person(f"Patient/{document['id']}", title(document, visit.form.language), tuple(facts))


def _page(visit: Visit, question: Question, people: tuple[Person, ...], *, unpicked: bool = False) -> View:
    resident = _is_resident(visit.principal)
    words = [one for one in question.scopes if parse(one) is None]
    values = {
        "client": question.client,
        "host": urlsplit(question.client.client_uri or question.redirect_uri).netloc,
        "words": [one for one in words if one not in {"launch", "launch/patient", "launch/encounter", "profile"}],
        "resources": [(one, parse(one)) for one in question.scopes if parse(one) is not None],
        "carried": [(name, visit.form[name]) for name in CARRIED if visit.form[name]],
        "people": people,
        "pick": question.needs_patient,
        "search": question.needs_patient and not resident,
        "sought": visit.form["q"],
        "picked": visit.form["patient"] or (people[0].reference if len(people) == 1 else ""),
        "unpicked": unpicked,
    }
    return View("oauth/authorize.html", values, leads_to=leads_to(question.redirect_uri))


def leads_to(address: str) -> str:
    """Give what a page's policy names, so that its form may end at *address*: origin, or scheme of a native app."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else f"{parts.scheme}:"


def _wrong(redirect_uri: str, error: str, description: str, state: str) -> Refused:
    told = {"error": error, "error_description": description} | ({"state": state} if state else {})
    return Refused(error, description, add_params_to_uri(redirect_uri, list(told.items())))


def _told(refused: Refused, visit: Visit) -> View | Redirect:
    """Take a refusal home to the app; when it is not known to be one, tell the person alone."""
    if refused.location is not None:
        return Redirect(_signed(refused.location, visit))
    return View("oauth/refused.html", {"error": refused.error, "description": refused.description}, status=400)


def _back(visit: Visit, question: Question, told: Mapping[str, str]) -> Redirect:
    """Take the answer home to the app."""
    location = add_params_to_uri(question.redirect_uri, [*told.items(), ("state", question.state)])
    return Redirect(_signed(location, visit))


def _signed(location: str, visit: Visit) -> str:
    """Say who answers, so that an app of several servers does not mix them up (RFC 9207)."""
    return str(add_params_to_uri(location, [("iss", Addresses(visit.form.base).issuer)]))
