"""The platform's pages and operations before the crowd of the town, and what they must show.

The pages of the record browser (a record, its JSON, its versions, the timeline, the lists with their exports) and
operations that gather (summary, document, match, sign) are mounted as they are, for the roles of the town.
"""

import csv
import io
import re
import zipfile
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from tests.oracle.asked import name_of
from tests.oracle.decision import Rule
from tests.oracle.values import REFERENCES, TYPES
from xinglin.capabilities.health_records import contract as papers
from xinglin.capabilities.health_records.operations.papers import assemble, summarise
from xinglin.capabilities.records import capability as records
from xinglin.capabilities.residents import contract as residents
from xinglin.capabilities.residents.operations import matching
from xinglin.capabilities.signatures import contract as signatures
from xinglin.capabilities.signatures.gateways import BUILT_IN
from xinglin.capabilities.signatures.operations.sign import sign
from xinglin.fhir.declarations import Text
from xinglin.matching.model import specification
from xinglin.registry import Capability, Handler, Portal
from xinglin.settings import Settings

if TYPE_CHECKING:
    from tests.oracle.requests import Asker

_LINK: Final = re.compile(r'href="/records/([A-Z][A-Za-z]+)/([A-Za-z0-9.-]+)["?/]')
_CHANGING: Final = re.compile(
    r"(nonce|csrf|value|content|data-[a-z-]+)=\"[^\"]*\"|[0-9a-z]{20,}-?\d*|<code>[0-9a-f]{16}</code>"
)
_GIVEN: Final = re.compile(r"Xq(p\d+)q")


def capabilities(rules: tuple[Rule, ...]) -> tuple[Capability, ...]:
    """Everything that the town has: its grants, the pages for its roles, the operations."""
    roles = frozenset(rule.grant.role for rule in rules)
    browser = records.declare(Settings())
    portal = Portal("town", "/records", roles, Text("镇", "Town"), whole=True)
    pages = tuple(replace(page, portal=portal, menu=None) for page in browser.pages if page.path.startswith("/records"))
    match = matching.Terms(str(ZoneInfo("Asia/Shanghai")), specification(None))
    return (
        replace(browser, pages=pages),
        Capability(
            "town",
            Text("镇", "Town"),
            grants=tuple(rule.grant for rule in rules),
            operations=(
                Handler(papers.SUMMARY, summarise),
                Handler(papers.DOCUMENT, assemble),
                Handler(residents.MATCH, partial(matching.match, terms=match)),
                Handler(signatures.SIGN["Composition"], partial(sign, type_name="Composition", gateways=BUILT_IN)),
            ),
        ),
    )


class Pages:
    """What somebody of the crowd asks of pages and operations, and what they must answer."""

    def __init__(self, asker: "Asker") -> None:
        self.asker = asker
        self.world = asker.world
        self.judge = asker.judge
        self.chance = asker.chance

    def named(self, text: str) -> set[str]:
        """Give the patients whom a text names."""
        return {f"Patient/{one}" for one in _GIVEN.findall(text)}

    def may_name(self, text: str, what: str) -> None:
        """Nobody is named whom the reader finds neither by a read nor by a search."""
        for one in self.named(text):
            document = self.world.current[one]
            if not (self.judge.allows("read", document) or self.judge.allows("search", document)):
                self.asker.fail(what, f"names {one}")

    async def get(self, path: str) -> Any:
        response = await self.asker.page(path)
        if response.status_code == 200:
            self.may_name(response.text, path)
        return response

    async def record(self) -> None:
        """A record and its JSON show when a read does; what is hidden looks as what never was."""
        name = self.asker.some()
        path = f"/records/{name}{self.chance.choice(['', '/raw'])}"
        response = await self.get(path)
        versions = self.world.versions[name]
        allowed = self.judge.allows("read", self.world.content(name, len(versions)))
        gone = versions[-1] is None
        if not allowed:
            type, _, id = name.partition("/")
            nothing = await self.asker.page(path.replace(name, f"{type}/{'x' * len(id)}"))
            self.asker.same(path, response.status_code, 404)
            self.asker.same(path, self.plain(response.text, id), self.plain(nothing.text, "x" * len(id)))
        elif not gone:
            self.asker.same(path, response.status_code, 200)

    def plain(self, text: str, id: str) -> str:
        """Give a page without what is different every time."""
        text = re.sub(rf"/{id}(?=\W)(?!>)", "/ID", text)  # and leave </h1> alone
        return _CHANGING.sub("", text)

    async def listed(self) -> None:
        """A list counts and shows what a search finds."""
        type = self.chance.choice(TYPES)
        path = f"/records/{type}?_count=100"
        response = await self.get(path)
        if not self.judge.any("search", type):
            self.asker.same(path, response.status_code, 403)
            return
        self.asker.same(path, response.status_code, 200)
        seen = [name_of(one) for one in self.judge.seen(type)]
        shown = {f"{on}/{id}" for on, id in _LINK.findall(response.text) if on == type}
        # a list of patients shows no other patients, and one of observations names patients and others beside
        if not shown <= set(seen) | self.referred(seen):
            self.asker.fail(path, f"shows {shown - set(seen)}")
        if len(seen) <= 100 and not set(seen) <= shown:
            self.asker.fail(path, f"lacks {set(seen) - shown}")

    def referred(self, names: list[str]) -> set[str]:
        """Give what documents that are seen refer to: a reference may stand where its target may not be read."""
        return {
            str(one)
            for name in names
            for find in REFERENCES[name.partition("/")[0]].values()
            for one in find(self.world.current[name])
        }

    async def export(self) -> None:
        """A file holds a line for each thing that a search finds."""
        type = self.chance.choice([*TYPES, "Patient", "Patient"])
        kind = self.chance.choice(["csv", "csv", "xlsx"])
        path = f"/records/{type}?_format={kind}"
        response = await self.asker.page(path)
        if not self.judge.any("search", type):
            self.asker.same(path, response.status_code, 403)
            return
        self.asker.same(path, response.status_code, 200)
        seen = self.judge.seen(type)
        if kind == "csv":
            text = response.content.decode("utf-8-sig")
            lines = list(csv.reader(io.StringIO(text)))
        else:
            with zipfile.ZipFile(io.BytesIO(response.content)) as file:
                text = "".join(file.read(name).decode() for name in file.namelist() if name.endswith(".xml"))
                lines = re.findall(r"<row ", file.read("xl/worksheets/sheet1.xml").decode())
        self.asker.same(path, len(lines) - 1, len(seen))
        self.may_name(text, path)
        if type == "Patient":
            wanted = {name_of(one) for one in seen}
            self.asker.same(path, self.named(text), wanted)

    async def timeline(self) -> None:
        """The timeline of a patient shows what a search of the compartment does."""
        who = f"Patient/{self.chance.choice(self.world.every.ids['Patient'])}"
        path = f"/records/{who}/timeline"
        response = await self.get(path)
        if not self.judge.allows("read", self.world.current[who]):
            self.asker.same(path, response.status_code, 404)
            return
        if response.status_code == 200:
            shown = {f"{on}/{id}" for on, id in _LINK.findall(response.text) if on in TYPES}
            seen = {name_of(one) for type in TYPES for one in self.judge.seen(type)}
            if not shown <= seen | self.referred(sorted(seen)) | {who}:
                self.asker.fail(path, f"shows {shown - seen}")

    async def operation(self) -> None:
        """What an operation gathers is what its caller finds; what it may not read, it answers as what never was."""
        kind = self.chance.choice(["summary", "document", "match", "sign"])
        type = "Patient" if kind in {"summary", "match"} else "Composition"
        name = f"{type}/{self.chance.choice(self.world.every.ids[type])}"
        if kind == "match":
            await self._match(name)
            return
        path = f"{name}/${kind}"
        method = "POST" if kind == "sign" else "GET"
        response = await self.asker.send(method, path)
        if self.judge.principal.scopes is not None:  # scopes say nothing of operations but yes or no
            if response.status_code == 200:
                self._gathered(path, response)
        elif not self.judge.principal.roles & {"doctor", "own"}:
            self.asker.same(path, response.status_code, 403)
        elif kind == "sign":
            self._signed(path, response, name)
        elif not self.judge.allows("read", self.world.current[name]):
            self.asker.same(path, response.status_code, 404)
        elif response.status_code == 200:
            self._gathered(path, response)

    def _signed(self, path: str, response: Any, name: str) -> None:
        me = self.judge.principal
        if "physician" not in me.roles or not me.strong:
            self.asker.same(path, response.status_code, 403)
            return
        readable = self.judge.allows("read", self.world.current[name])
        # no session, so no second factor given lately: a signature is refused, but only of what one sees
        self.asker.same(path, response.status_code, 403 if readable else 404)

    def _gathered(self, path: str, response: Any) -> None:
        self.may_name(response.text, path)
        seen = {name_of(one) for type in TYPES for one in self.judge.seen(type)}
        readable = {name for name, one in self.world.current.items() if self.judge.allows("read", one)}
        for entry in response.json()["entry"]:
            resource = entry["resource"]
            name = f"{resource['resourceType']}/{resource.get('id')}"
            if name in self.world.current and name not in seen | readable:
                self.asker.fail(path, f"holds {name}")

    async def _match(self, name: str) -> None:
        """Candidates may be of anybody; of whom the caller does not find, nothing but that there is somebody shows."""
        document = self.world.current[name]
        asked = {"resourceType": "Patient", "name": document["name"], "birthDate": document["birthDate"]}
        parameters = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": asked}]}
        path = f"Patient/$match like {name}"
        response = await self.asker.send("POST", "Patient/$match", json=parameters)
        if response.status_code == 200:
            self.may_name(response.text, path)
        elif self.judge.principal.scopes is None:
            may = bool(self.judge.principal.roles & {"doctor", "own"})
            self.asker.same(path, response.status_code == 403, not may)
