"""Pages: what capabilities declare, served by Starlette, each request in a unit of work of its own."""

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final
from urllib.parse import quote, urlsplit

import structlog
from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request as PageRequest
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive

from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.registry import PORTALS, Page, Portal, Registry
from xinglin.security.accounts import DEMO_OTHERS, DEMO_ROLES
from xinglin.security.principal import ANONYMOUS, Principal
from xinglin.server import callbacks, live, shell
from xinglin.server.asgi import PREFIX
from xinglin.server.base import address_of, base_url_of, hostname, id_of
from xinglin.server.call import PrincipalOf
from xinglin.server.http import ASGIApp, Request
from xinglin.server.log import frames_of
from xinglin.server.packing import is_of, masked, packed
from xinglin.server.principals import DEVELOPER, development
from xinglin.server.sessions import cookie_name, same_origin
from xinglin.server.starts import Badges, Places, Starts
from xinglin.settings import Settings, is_loopback
from xinglin.store.door import Door
from xinglin.web import design
from xinglin.web.format import said
from xinglin.web.kit import Kit, MenuGroup, MenuItem, PageContext
from xinglin.web.view import Download, File, Form, Language, Redirect, Rejected, View

LANGUAGE_COOKIE: Final = "language"
LARGE_COOKIE: Final = "large"
CSRF_COOKIE: Final = "csrf"
# What a form that was saved is warned of, for the page that comes after: keys alone, read once.
WARNED_COOKIE: Final = "warned"
WARNED_SECONDS: Final = 120
WARNED_MOST: Final = 8
LOGIN: Final = "/login"
A_YEAR: Final = 365 * 24 * 3600
FIELDS_MAX: Final = 200
FILE_MOST: Final = 5 * 2**20  # bytes of a file that a form brings
FILES_MOST: Final = 4 * FILE_MOST  # of all files of a form
FIELDS_MOST: Final = 2**20  # of everything else in it

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "private, no-cache",
}
# What a page's scripts may ask for only when the page says so.
DEVICES: Final = ("camera", "microphone", "display-capture", "geolocation")
VARY: Final = "accept-encoding, accept-language, cookie, hx-request, sec-fetch-site"
# Pages of somebody who is known hold health data: nothing of them stays in the browser (GB/T 22239).
PRIVATE: Final = {"cache-control": "no-store"}
ENDED: Final = {"clear-site-data": '"cache", "storage"'}
# status → the texts error.<kind>.* that tell it; any other 4xx is "invalid", any other 5xx a fault
KINDS: Final[Mapping[int, str]] = {
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-found",
    410: "deleted",
    429: "busy",
    503: "busy",
    504: "busy",
}

Answer = Callable[["Visit"], Awaitable[View | Redirect | Download]]


@dataclass(frozen=True, slots=True)
class Part:
    """What a part of the server adds to the site: routes of its own, pages by verb and path, ``package:folder``."""

    routes: tuple[BaseRoute, ...] = ()
    pages: Mapping[tuple[str, str], Answer] = field(default_factory=dict)
    templates: str = ""


def create_pages(
    registry: Registry,
    door: Door,
    settings: Settings,
    *,
    principal_of: PrincipalOf | None = None,
    part: Part | None = None,
) -> ASGIApp:
    """Make the application that answers everything that is neither FHIR nor health."""
    part = part or Part()
    templates = [*(one.templates for one in registry.capabilities), part.templates]
    kit = Kit(templates, compiled=_place_of_compiled(settings.data_dir))
    return Site(registry, door, settings, kit, principal_of or development(settings)).application(part)


def _place_of_compiled(data: Path) -> Path | None:
    """Give the directory of compiled templates; None where there is no data directory, or none of our own to write."""
    if not data.is_dir() or not os.access(data, os.W_OK):
        return None
    place = data / "templates"
    place.mkdir(mode=0o700, exist_ok=True)
    return place if place.stat().st_uid == os.getuid() else None


class Visit:
    """One request for a page: who asks, in which language, with which form."""

    def __init__(self, request: PageRequest, settings: Settings, form: Form, principal: Principal) -> None:
        self.request = request
        self.settings = settings
        self.form = form
        self.principal = principal
        # Keys of what was remarked about resources that the page wrote.
        self.warned: tuple[str, ...] = ()


class Site:
    """All pages of one process."""

    def __init__(self, registry: Registry, door: Door, settings: Settings, kit: Kit, principal_of: PrincipalOf) -> None:
        self._registry = registry
        self._door = door
        self._settings = settings
        self._kit = kit
        self._principal_of = principal_of
        self._demo = settings.demo and settings.loopback
        self._starts = Starts(registry, door)
        self._places = Places(door)
        self._badges = Badges(registry, door)
        self._warnings = registry.warnings
        self._has_login = any(page.path == LOGIN for page in registry.pages)
        self._log = structlog.get_logger()

    def application(self, part: Part) -> ASGIApp:
        """Put the routes together: static files, preferences, the part's, the capabilities' pages in their order."""
        routes: list[BaseRoute] = [
            Route("/static/{name:path}", self._static, methods=["GET"]),
            Route("/preferences", self._guarded(self._prefer), methods=["POST"]),
        ]
        if self._settings.design_page:
            routes.append(Route("/design", self._guarded(self._design), methods=["GET"]))
        routes += part.routes
        routes += callbacks.routes(self._registry, self._door, self._who)
        routes += [Route(path, self._guarded(answer), methods=[verb]) for (verb, path), answer in part.pages.items()]
        routes += [Route(one.path, self._guarded(self._start(one)), methods=["GET"]) for one in PORTALS]
        pages: dict[str, list[Page]] = {}
        for page in self._registry.pages:
            if not page.demo_only or self._demo:
                pages.setdefault(page.path, []).append(page)
        routes += [
            Route(
                path,
                self._guarded(self._page(found), file_most=max(page.file_most for page in found)),
                methods=["GET", "POST"],
            )
            for path, found in pages.items()
        ]
        routes.append(Route("/{rest:path}", self._guarded(self._nowhere), methods=["GET", "POST"]))
        return Starlette(routes=routes)

    # -- what is answered ---------------------------------------------------------------------------------------

    def _page(self, pages: list[Page]) -> Answer:
        async def answer(visit: Visit) -> View | Redirect | Download:
            sent = visit.request.method == "POST"
            home = shell.portal_of(visit.principal)
            if home is not None and visit.request.url.path == "/" and not sent:
                return Redirect(home.path)
            for page in pages:
                run = page.send if sent else page.show
                if run is not None and page.readers & visit.principal.roles:
                    async with self._door.work(visit.principal) as work:
                        found: View | Redirect | Download = await run(work, visit.form)
                        visit.warned = tuple(dict.fromkeys(issue.key for issue in work.warned))[:WARNED_MOST]
                        return found
            # Whoever is known learns no more of a page of others than of one that is not there.
            raise _nothing() if visit.principal.id != ANONYMOUS.id else _unknown()

        return answer

    def _start(self, portal: Portal) -> Answer:
        async def answer(visit: Visit) -> View:
            if shell.portal_of(visit.principal) != portal:
                raise _nothing() if visit.principal.id != ANONYMOUS.id else _unknown()
            return await self._starts.show(portal, visit.principal, visit.form)

        return answer

    async def _design(self, visit: Visit) -> View:
        return design.page(visit.form)

    async def _nowhere(self, visit: Visit) -> View:
        raise _nothing() if visit.principal.id != ANONYMOUS.id else _unknown()

    async def _prefer(self, visit: Visit) -> Redirect:
        return Redirect(_own_path(visit.form["back"]))

    async def _static(self, request: PageRequest) -> Response:
        found = self._kit.static.serve(
            request.path_params["name"],
            accepts=request.headers.get("accept-encoding", ""),
            versioned="v" in request.query_params,
        )
        if found is None:
            return Response(status_code=404, headers={"x-content-type-options": "nosniff"})
        headers = dict(found.headers) | {"x-content-type-options": "nosniff"}
        if request.headers.get("if-none-match") == found.etag:
            return Response(status_code=304, headers={"etag": found.etag, "cache-control": headers["cache-control"]})
        return Response(found.body, headers=headers)

    # -- around every page --------------------------------------------------------------------------------------

    def _guarded(self, answer: Answer, *, file_most: int = 0) -> Callable[[PageRequest], Awaitable[Response]]:
        async def endpoint(request: PageRequest) -> Response:
            language = language_of(request, self._settings.language)
            token = request.cookies.get(CSRF_COOKIE) or secrets.token_urlsafe(18)
            principal = ANONYMOUS
            form = Form()
            kept = ExitStack()  # files that came, until the page has answered
            try:
                principal = await self._who(request)
                base = self._settings.base_url or base_url_of(request.scope) + PREFIX
                form = await _form(request, language, base, token, file_most, kept)
                await self._places.learn(principal)
                _refuse_foreign(request)
                visit = Visit(request, self._settings, form, principal)
                found = await answer(visit)
                if isinstance(found, View) and request.headers.get("hx-request") != "true":
                    request.state.badges = await self._badges.count(principal)  # after what the page did
                if found.session is not None:
                    token = secrets.token_urlsafe(18)  # of another visitor, as far as forms are concerned
                response = self._response(request, found, principal, language, token, visit.warned)
            except Rejected as again:
                response = self._response(request, again.view, principal, language, token)
            except OutcomeError as refused:
                told: View | Redirect = _told(refused, request)
                if refused.status == 401 and request.method == "GET" and self._has_login:
                    told = _to_login(request)
                elif not await self._noted(principal, refused):
                    told = _told(OutcomeError(Issue("transient", "unaudited"), status=503), request)
                response = self._response(request, told, principal, language, token)
            except Exception as error:  # noqa: BLE001  the last resort: logged, and answered without detail
                self._log.error("page.bug", id=_number(request), error=type(error).__qualname__, at=frames_of(error))
                told = _told(OutcomeError(Issue("exception", "exception"), status=500), request)
                response = self._response(request, told, principal, language, token)
            finally:
                kept.close()
            if request.url.path == "/preferences" and response.status_code == 303:
                _remember(response, form)
            if request.cookies.get(CSRF_COOKIE) != token:
                response.set_cookie(
                    CSRF_COOKIE, token, httponly=True, samesite="strict", path="/", secure=not _plain(request)
                )
            return response

        return endpoint

    async def _noted(self, principal: Principal, refused: OutcomeError) -> bool:
        """Have it written that somebody known was refused a page; False when the ledger cannot take it."""
        if principal is ANONYMOUS:
            return True  # nobody was let in: there is no one to write down
        try:
            await self._door.refused(principal, "page", refused)
        except OutcomeError:
            return False
        return True

    async def _who(self, request: PageRequest) -> Principal:
        """Say who asks; whose session has ended, or who has none, is anonymous."""
        address = address_of(request.scope, self._settings.proxies)
        asked = _asked(request, address)
        try:
            found = await self._principal_of(asked)
        except OutcomeError as refused:
            if refused.status != 401:
                raise
            found = None
        if found is not None:
            return found
        return replace(ANONYMOUS, address=address, device=request.headers.get("user-agent", "")[:200])

    def _response(
        self,
        request: PageRequest,
        found: View | Redirect | Download,
        principal: Principal,
        language: Language,
        token: str,
        warned: tuple[str, ...] = (),
    ) -> Response:
        told = warned or self._told_before(request)
        shown = isinstance(found, View) and request.headers.get("hx-request") != "true"
        response = self._made(request, found, principal, language, token, told if shown else ())
        if found.session is not None:
            _keep_session(request, response, found.session)
        secure = not _plain(request)
        if shown and WARNED_COOKIE in request.cookies:
            response.delete_cookie(WARNED_COOKIE, httponly=True, samesite="strict", path="/", secure=secure)
        elif warned and not shown:
            response.set_cookie(
                WARNED_COOKIE,
                ".".join(warned),
                max_age=WARNED_SECONDS,
                httponly=True,
                samesite="strict",
                path="/",
                secure=secure,
            )
        return response

    def _told_before(self, request: PageRequest) -> tuple[str, ...]:
        """Give what the form before this page was warned of."""
        keys = request.cookies.get(WARNED_COOKIE, "").split(".")[:WARNED_MOST]
        return tuple(key for key in keys if key in self._warnings)

    def _made(
        self,
        request: PageRequest,
        found: View | Redirect | Download,
        principal: Principal,
        language: Language,
        token: str,
        warned: tuple[str, ...] = (),
    ) -> Response:
        private = PRIVATE if principal.id != ANONYMOUS.id or found.session is not None else {}
        if isinstance(found, Redirect):
            if request.headers.get("hx-request") == "true":
                return Response(status_code=204, headers=HEADERS | private | {"hx-redirect": found.to})
            return RedirectResponse(found.to, status_code=303, headers=HEADERS | private)
        if isinstance(found, Download):
            kept = "inline" if found.inline else "attachment"
            disposition = {"content-disposition": f"{kept}; filename*=UTF-8''{quote(found.name)}"}
            return Response(found.body, headers=HEADERS | private | disposition, media_type=found.media_type)
        context = PageContext(
            language=language,
            here=_here(request),
            now=self._door.clock.now(),
            large=request.cookies.get(LARGE_COOKIE) == "on",
            partial=request.headers.get("hx-request") == "true" and "hx-history-restore-request" not in request.headers,
            who=self._kit.text("role.developer", language) if principal == DEVELOPER else principal.display,
            role=next(iter(principal.roles)) if principal.session else "",
            signed_in=bool(principal.session),
            csrf=masked(token),
            request_id=_number(request),
            demo=self._demo,
            demo_roles=(*DEMO_ROLES, *DEMO_OTHERS) if self._demo else (),
            live=live.address(self._door.vault, principal.id, found.live, self._door.clock.now()),
            warned=tuple(said(self._warnings[key], language) for key in warned if key in self._warnings),
            **self._around(principal, request.url.path, language, getattr(request.state, "badges", shell.NONE)),
        )
        body = self._kit.render(found, context)
        headers = HEADERS | private | {"vary": VARY, "x-request-id": _number(request)}
        headers["permissions-policy"] = ", ".join(
            f"{one}=({'self' if one in found.devices else ''})" for one in DEVICES
        )
        if found.leads_to:
            policy = HEADERS["content-security-policy"]
            headers["content-security-policy"] = policy.replace("form-action", f"form-action {found.leads_to}")
        given = request.headers
        small = packed(body, given.get("accept-encoding", ""), given.get("sec-fetch-site", ""))
        if small is not None:
            body, headers = small, headers | {"content-encoding": "gzip"}
        return Response(body, found.status, headers, media_type="text/html; charset=utf-8")

    def _around(self, principal: Principal, here: str, language: Language, badges: shell.Badges) -> dict[str, Any]:
        """Give what of the page's context follows from who reads and where."""
        groups = shell.groups_of(self._registry, principal, language, badges)
        menu = tuple(item for group in groups for item in group.items)
        if self._settings.design_page and "developer" in principal.roles:
            menu = (*menu, MenuItem("/design", self._kit.text("design.title", language), "palette"))
            groups = (MenuGroup("", menu),)
        home = shell.portal_of(principal)
        return {
            "menu": menu,
            "groups": groups,
            "at": shell.current(here, menu),
            "tabs": shell.tabs_of(self._registry, principal, here, language, badges),
            "finds": shell.search_of(self._registry, principal),
            "shell": shell.shell_of(principal),
            "start": home.path if home is not None else "/",
            "acting": principal.display.rpartition(" · ")[2],
            "place": self._places.known(principal.organization),
            "news": next((item for item in menu if item.badge), None),
            "card": shell.CARD if shell.has_page(self._registry, principal, shell.CARD) else "",
        }


def language_of(request: PageRequest, default: Language) -> Language:
    """Give the reader's language: as chosen before, else the browser's first that we speak, else *default*."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    for part in [chosen or "", *request.headers.get("accept-language", "").split(",")]:
        tag = part.split(";")[0].strip().lower()
        if tag == "zh" or tag.startswith("zh-"):
            return "zh"
        if tag == "en" or tag.startswith("en-"):
            return "en"
    return default


async def _form(
    request: PageRequest, language: Language, base: str, token: str, file_most: int, kept: ExitStack
) -> Form:
    """Read the query of a GET or the fields of a POST, whose CSRF token has to be the cookie's.

    file_most: as of `registry.Page`. kept: closes the files.
    """
    files: tuple[File, ...] = ()
    if request.method != "POST":
        pairs = tuple(request.query_params.multi_items())
    else:
        bounded = PageRequest(request.scope, _bounded(request.receive, max(file_most, FILES_MOST) + FIELDS_MOST))
        async with bounded.form(max_fields=FIELDS_MAX, max_files=10) as sent:
            pairs = tuple((name, value) for name, value in sent.multi_items() if isinstance(value, str))
            files = tuple([file async for file in _files(sent, file_most, kept)])
    if len(pairs) > FIELDS_MAX:
        raise OutcomeError(Issue("too-long", "too-many-fields", text="The form has too many fields."), status=400)
    form = Form(pairs, {name: str(value) for name, value in request.path_params.items()}, language, base, files)
    if request.method == "POST" and not is_of(form["csrf"], token):
        raise OutcomeError(Issue("forbidden", "stale-form"), status=403)
    return form


def _bounded(receive: Receive, most: int) -> Receive:
    """Refuse a body of more than *most* bytes while it comes in (413), before it fills memory or disk."""
    read = 0

    async def bounded() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise OutcomeError(Issue("too-long", "file-too-large", text=f"A form has at most {most // 2**20} MiB."))
        return message

    return bounded


async def _files(sent: FormData, most: int, kept: ExitStack) -> AsyncIterator[File]:
    """Give the files of a form; OutcomeError 413 for one that is too large. most: as of `registry.Page.file_most`."""
    for name, value in sent.multi_items():
        if isinstance(value, UploadFile) and value.filename and most:
            if (value.size or 0) > most:
                text = f"A file has at most {most // 2**20} MiB."
                raise OutcomeError(Issue("too-long", "file-too-large", text=text))
            # The form closes its own file when it has been read; what is large lies on the disk.
            stream: IO[bytes] = kept.enter_context(SpooledTemporaryFile(max_size=FIELDS_MOST))  # noqa: SIM115
            while part := await value.read(FIELDS_MOST):
                stream.write(part)
            stream.seek(0)
            yield File(name, value.filename, b"", stream)
        elif isinstance(value, UploadFile) and value.filename:
            content = await value.read(FILE_MOST + 1)
            if len(content) > FILE_MOST:
                text = f"A file has at most {FILE_MOST // 2**20} MiB."
                raise OutcomeError(Issue("too-long", "file-too-large", text=text))
            yield File(name, value.filename, content)


def _told(refused: OutcomeError, request: PageRequest) -> View:
    """Make a page of a refusal: what happened, what is safe, what to do."""
    if refused.issues[0].key == "stale-form":
        kind = "stale-form"
    else:
        kind = KINDS.get(refused.status, "invalid" if refused.status < 500 else "fault")
    issues = refused.issues if kind == "invalid" else ()
    back = _own_path(request.headers.get("referer", ""))
    values = {"kind": kind, "status": refused.status, "issues": issues, "back": "" if back == _here(request) else back}
    return View("error.html", values, status=refused.status)


def _refuse_foreign(request: PageRequest) -> None:
    """Refuse a form that a page of another site sent."""
    if request.method == "POST" and not same_origin(_asked(request)):
        raise OutcomeError(Issue("login", "foreign-page"), status=401)


def _asked(request: PageRequest, address: str = "") -> Request:
    headers = list(request.scope["headers"])
    return Request(request.method, request.url.path, b"", headers, base_url="", id="", address=address)


def _to_login(request: PageRequest) -> Redirect:
    """Lead to the login and back; the cookie of a session that has ended goes."""
    dead = "" if cookie_name(request.headers.get("host", "")) in request.cookies else None
    back = quote(_here(request), safe="")
    return Redirect(f"{LOGIN}?back={back}", session=dead)


def _keep_session(request: PageRequest, response: Response, cookie: str) -> None:
    """Set the session's cookie, or take it back with all that the browser kept of our pages."""
    name = cookie_name(request.headers.get("host", ""))
    secure = not _plain(request)
    if cookie:
        response.set_cookie(name, cookie, httponly=True, samesite="lax", path="/", secure=secure)
        return
    response.delete_cookie(name, httponly=True, samesite="lax", path="/", secure=secure)
    response.headers.update(ENDED)


def _plain(request: PageRequest) -> bool:
    """Tell whether this is http on this machine, where a browser would not keep a Secure cookie."""
    return is_loopback(hostname(request.headers.get("host", "")))


def _remember(response: Response, form: Form) -> None:
    """Keep the choices of language and type size for a year."""
    if form["language"] in {"zh", "en"}:
        response.set_cookie(LANGUAGE_COOKIE, form["language"], max_age=A_YEAR, samesite="lax", path="/")
    if form["large"] in {"on", "off"}:
        response.set_cookie(LARGE_COOKIE, form["large"], max_age=A_YEAR, samesite="lax", path="/")


def _own_path(address: str) -> str:
    """Give path and query of an address of ours; anything that could lead elsewhere gives the start page."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    path = parts.path if parts.path.startswith("/") and not parts.path.startswith(("//", "/\\")) else "/"
    return path + (f"?{parts.query}" if parts.query and path != "/preferences" else "")


def _here(request: PageRequest) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def _number(request: PageRequest) -> str:
    """Give the request's number, the same however often it is asked."""
    if not hasattr(request.state, "number"):
        request.state.number = id_of(list(request.scope["headers"])) or secrets.token_hex(8)
    number: str = request.state.number
    return number


def _nothing() -> OutcomeError:
    return OutcomeError(Issue("not-found", "not-found"))


def _unknown() -> OutcomeError:
    return OutcomeError(Issue("login", "login"), status=401)
