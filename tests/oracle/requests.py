"""Random requests of somebody, and what they must answer."""

import json
import random  # noqa: TID251  seeded: every run asks the same
from collections.abc import Collection, Iterable
from typing import Any, Final
from zlib import crc32

import httpx

from tests.oracle import asked
from tests.oracle.asked import Search, name_of
from tests.oracle.decision import PLACES, Judge, patients_of
from tests.oracle.pages import Pages
from tests.oracle.values import REFERENCES, TYPES, Document, person
from tests.oracle.world import World

PAGES_MAX: Final = 40
MASKED: Final = frozenset({("Patient", "identifier")})


class Difference(AssertionError):
    """The platform and the slow evaluation do not agree."""


def differ(what: str, got: object, wanted: object) -> None:
    if got != wanted:
        raise Difference(f"{what}\n  got    {got}\n  wanted {wanted}")


def among(what: str, got: int, wanted: set[int]) -> None:
    if got not in wanted:
        raise Difference(f"{what}\n  got    {got}\n  wanted one of {wanted}")


class Asker:
    """One of the crowd, asking."""

    def __init__(self, world: World, who: str, chance: random.Random) -> None:
        self.world = world
        self.who = who
        self.judge: Judge = world.judges[who]
        self.chance = chance

    async def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"x-who": self.who, "prefer": "handling=strict", **more.pop("headers", {})}
        response = await self.world.client.request(method, f"/{path}", headers=headers, **more)
        if response.status_code >= 500:
            raise Difference(f"{self.who} {method} {path}: {response.status_code} {response.text}")
        self._uncovered(f"{method} {path}", response.content)
        return response

    async def page(self, path: str) -> httpx.Response:
        """Ask for a page, which lies beside the FHIR interface."""
        response = await self.world.client.get(f"http://localhost{path}", headers={"x-who": self.who})
        if response.status_code >= 500:
            raise Difference(f"{self.who} GET {path}: {response.status_code} {response.text[:2000]}")
        self._uncovered(path, response.content)
        return response

    def same(self, what: str, got: object, wanted: object) -> None:
        differ(self.label(what), got, wanted)

    def fail(self, what: str, why: str) -> None:
        raise Difference(f"{self.label(what)}: {why}")

    def _uncovered(self, what: str, body: bytes) -> None:
        """Masked numbers never leave: neither as an element nor anywhere else."""
        if self.masked and (b"card-2026-" in body or b"1380000" in body):
            raise Difference(f"{self.who} {what}: shows what is masked\n{body!r}")

    @property
    def masked(self) -> bool:
        roles = self.judge.principal.roles
        return "desk" in roles and not roles & {"clerk", "house", "doctor", "own"}

    def label(self, what: str) -> str:
        return f"{self.who} asks {what}"

    # -- searches -----------------------------------------------------------------------------------------------

    def expected(self, search: Search) -> int | None:
        """The status of a search that is refused; None when it is answered."""
        if not self.judge.any("search", search.type):
            return 403
        if search.touches & MASKED and "desk" in self.judge.principal.roles and self._masks_speak():
            return 403
        return None

    def _masks_speak(self) -> bool:
        return any(rule.grant.masks for rule in self.judge._for("search", "Patient")) and not any(
            not rule.grant.masks and not rule.grant.reach for rule in self.judge._for("search", "Patient")
        )

    async def search(self) -> None:
        search = asked.search(self.chance, self.world.every)
        if self.chance.random() < 0.3:
            form = {"content-type": "application/x-www-form-urlencoded"}
            response = await self.send("POST", f"{search.path}/_search", content=search.parameters, headers=form)
        else:
            response = await self.send("GET", search.text)
        await self.check(search, response)

    async def check(self, search: Search, response: httpx.Response) -> None:
        refused = self.expected(search)
        if refused is not None:
            differ(self.label(search.text), response.status_code, refused)
            return
        differ(self.label(search.text), response.status_code, 200)
        answer = response.json()
        seen = self.judge.seen
        matches = search.matches(seen)
        if search.summary or search.total or "total" in answer:
            differ(self.label(search.text) + " total", answer.get("total"), len(matches))
        if search.summary:
            return
        page = matches[: search.count or 20]
        differ(self.label(search.text), ids(answer, "match"), [name_of(one) for one in page])
        differ(self.label(search.text) + " included", set(ids(answer, "include")), search.included(page, seen))
        if self.chance.random() < 0.3:
            await self._walk(search, answer, matches)

    async def _walk(self, search: Search, answer: Any, matches: list[Document]) -> None:
        """Follow the pages to the end, and once as somebody else, who sees only what is theirs."""
        found = ids(answer, "match")
        first = link(answer)
        for _ in range(PAGES_MAX):
            url = link(answer)
            if url is None:
                differ(self.label(search.text) + " pages", found, [name_of(one) for one in matches])
                break
            answer = (await self.send("GET", url)).json()
            found += ids(answer, "match")
        if first is not None:
            other = Asker(self.world, self.chance.choice(sorted(set(self.world.judges) - {"dev"})), self.chance)
            response = await other.send("GET", first)
            if other.expected(search) is not None:
                differ(other.label(first), response.status_code, other.expected(search))
            else:
                theirs = {name_of(one) for one in search.matches(other.judge.seen)}
                got = set(ids(response.json(), "match"))
                if not got <= theirs:
                    raise Difference(f"{other.label(first)}: a page of another shows {got - theirs}")
                brought = set(ids(response.json(), "include"))
                if any(not self._seen_by(other.judge, name) for name in brought):
                    raise Difference(f"{other.label(first)}: a page of another brings {brought}")

    def _seen_by(self, judge: Judge, name: str) -> bool:
        return judge.allows("search", self.world.current[name])

    # -- instances ----------------------------------------------------------------------------------------------

    def some(self) -> str:
        return self.chance.choice(list(self.world.versions))

    async def read(self) -> None:
        name = self.some()
        response = await self.send("GET", name)
        self.check_read(name, response)
        if response.status_code == 404:
            await self._alike(name, response)
        if crc32(name.encode()) % 4 == 0:
            await self._meta(name, response)

    async def _meta(self, name: str, read: httpx.Response) -> None:
        """``$meta`` tells of a resource what a read tells, to the same people; drawn by the name, not by chance."""
        response = await self.send("GET", f"{name}/$meta")
        differ(self.label(f"meta of {name}"), response.status_code, read.status_code)
        if read.status_code == 200:
            [told_] = response.json()["parameter"]
            differ(self.label(f"meta of {name}"), told_["valueMeta"], read.json()["meta"])

    def check_read(self, name: str, response: httpx.Response) -> None:
        versions = self.world.versions[name]
        document = self.world.content(name, len(versions))
        allowed = self.judge.allows("read", document)
        differ(
            self.label(f"read {name}"), response.status_code, (410 if versions[-1] is None else 200) if allowed else 404
        )
        if response.status_code == 200:
            differ(self.label(f"read {name}"), name_of(response.json()), name)

    async def _alike(self, name: str, response: httpx.Response) -> None:
        """What is not theirs answers as what never was."""
        type, _, id = name.partition("/")
        other = "x" * len(id)
        nothing = await self.send("GET", f"{type}/{other}")
        differ(
            self.label(f"read {name}, hidden or missing"),
            (response.status_code, response.text, told(response)),
            (nothing.status_code, nothing.text.replace(other, id), told(nothing)),
        )

    async def vread(self) -> None:
        name = self.some()
        vid = self.chance.randint(1, len(self.world.versions[name]))
        allowed = self.shows("vread", name, vid)
        response = await self.send("GET", f"{name}/_history/{vid}")
        wanted = (410 if self.world.versions[name][vid - 1] is None else 200) if allowed else 404
        differ(self.label(f"vread {name}/{vid}"), response.status_code, wanted)

    def shows(self, interaction: str, name: str, vid: int) -> bool:
        """A version shows when the current one is allowed, and it itself (7)."""
        now = self.world.content(name, len(self.world.versions[name]))
        return self.judge.allows(interaction, now) and self.judge.allows(interaction, self.world.content(name, vid))

    def histories(self, names: Iterable[str]) -> set[tuple[str, str]]:
        return {
            (name, str(vid))
            for name in names
            for vid in range(1, len(self.world.versions[name]) + 1)
            if self.shows("history", name, vid)
        }

    async def history(self) -> None:
        kind = self.chance.randrange(3)
        name = self.some()
        type = name.split("/")[0]
        path = [f"{name}/_history", f"{type}/_history", "_history"][kind]
        among = [[name], [one for one in self.world.versions if one.startswith(f"{type}/")], list(self.world.versions)][
            kind
        ]
        response = await self.send("GET", f"{path}?_count=1000")
        wanted = self.histories(among)
        if response.status_code in {403, 404}:
            hidden = not self.judge.allows("history", self.world.content(name, len(self.world.versions[name])))
            if wanted or (kind == 0 and not hidden):
                raise Difference(f"{self.label(path)}: {response.status_code}, but {wanted} would show")
            return
        differ(self.label(path), response.status_code, 200)
        answer = response.json()
        differ(self.label(path), versions(answer), wanted)
        if "total" in answer:
            differ(self.label(path) + " total", answer["total"], len(wanted))

    async def everything(self) -> None:
        who = f"Patient/{self.chance.choice(self.world.every.ids['Patient'])}"
        response = await self.send("GET", f"{who}/$everything?_count=1000")
        current = self.world.current
        # The patient is read; what belongs to him is found by searching.
        if not self.judge.allows("read", current[who]):
            among(self.label(f"{who}/$everything"), response.status_code, {403, 404})
            return
        if response.status_code in {403, 404} and not self.judge.allows("search", current[who]):
            return
        differ(self.label(f"{who}/$everything"), response.status_code, 200)
        found = set(ids(response.json())) - {who}
        seen = {name_of(one) for type in TYPES for one in self.judge.seen(type)}
        if not found <= seen:
            raise Difference(f"{self.label(who)}/$everything shows {found - seen}")
        # R4 has no place for a Task in the compartment of a patient
        mine = {name for name in seen if person(who) in patients_of(current[name]) and not name.startswith("Task/")}
        if not mine <= found | {who}:
            raise Difference(f"{self.label(who)}/$everything lacks {mine - found}")

    # -- conditions and writes that change nothing ------------------------------------------------------------------

    async def write(self) -> None:
        """An update, patch or delete of a version that never was: it changes nothing, and tells nothing."""
        name = self.some()
        versions = self.world.versions[name]
        type, _, id = name.partition("/")
        wish = self.chance.choice(["update", "delete"])
        body = {**self.world.content(name, len(versions)), "id": id}
        method = "PUT" if wish == "update" else "DELETE"
        more: dict[str, Any] = {"json": body} if wish == "update" else {}
        if wish == "delete" and (versions[-1] is None or not self.judge.allows(wish, self.world.current[name])):
            await self._nothing_to_delete(name)
        response = await self.send(method, name, headers={"if-match": 'W/"999"'}, **more)
        other = "x" * len(id)
        if wish == "update":
            more["json"] = {**body, "id": other}
        nothing = await self.send(method, f"{type}/{other}", headers={"if-match": 'W/"999"'}, **more)
        what = self.label(f"{method} {name} If-Match 999")
        if not self.judge.any(wish, type):
            differ(what, response.status_code, 403)
        elif versions[-1] is not None and self.judge.allows(wish, self.world.current[name]):
            among(what, response.status_code, {403, 412})
        else:
            differ(what + ", hidden or missing", response.status_code, nothing.status_code)

    async def _nothing_to_delete(self, name: str) -> None:
        response = await self.send("DELETE", name)
        type, _, id = name.partition("/")
        nothing = await self.send("DELETE", f"{type}/{'x' * len(id)}")
        differ(self.label(f"DELETE {name}, hidden or missing"), response.status_code, nothing.status_code)

    async def condition(self) -> None:
        """A conditional patch that always fails: none, one and several matches answer differently."""
        type = self.chance.choice(["Observation", "Condition", "Patient", "Encounter", "Appointment"])
        one = asked.condition(self.chance, type, self.world.every)
        search = Search(type, (one,), touches=one.touches)
        patch = [{"op": "test", "path": "/id", "value": "never"}]
        headers = {"content-type": "application/json-patch+json"}
        response = await self.send("PATCH", f"{type}?{one.text}", content=json.dumps(patch), headers=headers)
        what = self.label(f"PATCH {type}?{one.text}")
        if self.expected(search) is not None or not self.judge.any("patch", type):
            among(what, response.status_code, {403, 404, 412})
            if self.expected(search) is not None:
                differ(what, response.status_code, 403)
            return
        matches = search.matches(self.judge.seen)
        if len(matches) != 1:
            differ(what, response.status_code, 412 if matches else 404)
        elif not self.judge.allows("patch", matches[0]):
            among(what, response.status_code, {403, 404})
        else:
            among(what, response.status_code, {400, 403, 409, 412, 422})

    async def batch(self) -> None:
        """Searches and reads as entries of a Bundle answer as by themselves."""
        search = asked.search(self.chance, self.world.every)
        name = self.some()
        kind = self.chance.choice(["batch", "transaction"])
        entries = [{"request": {"method": "GET", "url": url}} for url in (search.text, name)]
        response = await self.send("POST", "", json={"resourceType": "Bundle", "type": kind, "entry": entries})
        what = self.label(f"{kind} of {search.text} and {name}")
        versions_of = self.world.versions[name]
        readable = versions_of[-1] is not None and self.judge.allows("read", self.world.current[name])
        refused = self.expected(search)
        if kind == "transaction" and (refused is not None or not readable):
            among(what, response.status_code, {403, 404, 410})
            return
        differ(what, response.status_code, 200)
        found, read = response.json()["entry"]
        differ(what + " read", read["response"]["status"][:3] == "200", readable)
        differ(what + " search", found["response"]["status"][:3], str(refused or 200))
        if refused is None and not search.summary:
            page = search.matches(self.judge.seen)[: search.count or 20]
            differ(what, ids(found["resource"], "match"), [name_of(one) for one in page])

    async def ask(self, only: Collection[str] = ()) -> None:
        """Ask any of these; only: ways by name."""
        weights = {
            "search": 50, "read": 10, "vread": 6, "history": 5, "everything": 4, "write": 5, "condition": 6, "batch": 4,
            "record": 4, "listed": 1, "export": 2, "timeline": 1, "operation": 3,
        }  # fmt: skip
        ways = [name for name in weights if not only or name in only]
        way = self.chance.choices(ways, [weights[name] for name in ways])[0]
        if hasattr(self, way):
            await getattr(self, way)()
        elif self.judge.principal.roles:  # whoever has none has no pages
            await getattr(Pages(self), way)()


def ids(answer: Any, mode: str | None = None) -> list[str]:
    return [
        name_of(one["resource"]) for one in answer.get("entry", []) if mode is None or one["search"]["mode"] == mode
    ]


def versions(answer: Any) -> set[tuple[str, str]]:
    """Names and version numbers of a history, deletes included."""
    found = set()
    for one in answer.get("entry", []):
        type, id = one["fullUrl"].split("/")[-2:]
        etag = one["response"]["etag"].removeprefix('W/"').removesuffix('"')
        found.add((f"{type}/{id}", etag))
    return found


def link(answer: Any) -> str | None:
    url = next((one["url"] for one in answer.get("link", ()) if one["relation"] == "next"), None)
    return None if url is None else str(url).split("/fhir/", 1)[-1]


def told(response: httpx.Response) -> list[tuple[str, str]]:
    """The headers but those that number the request."""
    return sorted((k, v) for k, v in response.headers.items() if k not in {"x-request-id", "date", "content-length"})


assert set(PLACES) <= set(REFERENCES)
