"""The page kit: makes bytes of a view. One Jinja environment per language, so that components know theirs."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context, select_autoescape
from jinja2.bccache import Bucket, FileSystemBytecodeCache
from jinja2.runtime import Context
from markupsafe import Markup

from xinglin.web import format as show
from xinglin.web import names
from xinglin.web.catalogue import LANGUAGES, Catalogue, load
from xinglin.web.files import folder_of
from xinglin.web.static import Static
from xinglin.web.view import Language, View

OWN: Final = "xinglin.web:templates"
# A template that extends another by name says so first, before or after a comment.
_EXTENDS: Final = re.compile(r"\s*(?:\{#.*?#\}\s*)*\{%-?\s*extends\s+['\"](?P<name>[^'\"]+)['\"]", re.DOTALL)


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates in a directory of their language, which is made when it is missing."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        super().__init__(str(directory))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep one; where that is not possible, as on a full disk, the next process compiles it again."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the menu: its address, text in the reader's language, icon, and how much is new there.

    covers: other addresses that belong to it.
    """

    path: str
    text: str
    icon: str
    badge: int = 0
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """Entries of the menu under one heading."""

    title: str
    items: tuple[MenuItem, ...]


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of the residents' bar. pages: what the menu holds under it, the first of which it leads to."""

    path: str
    text: str
    icon: str
    current: bool
    pages: tuple[MenuItem, ...] = ()

    @property
    def badge(self) -> int:
        """How much is new under it."""
        return sum(page.badge for page in self.pages)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """What every page shows besides its own values.

    here: path and query of the page. partial: HTMX asks for a block. who: the reader, as shown to the reader.
    role: the role acted in. signed_in: by a session, which can be ended. demo_roles: what one may become by one click,
    in a demonstration.
    finds: the page that the search box asks; empty for a reader without one. shell: the template around the page.
    menu: all entries; groups: the same under headings; at: the entry under which the page lies.
    tabs: the residents' bar. start: where the reader's work begins. acting: the person acted for.
    place: the institution acted for. card: the page of one's health card; empty without one. news: the
    entry whose badge stands in the header.
    warned: what somebody should look at in what was saved just now. live: where the page hears that it has changed.
    """

    language: Language
    here: str
    now: datetime
    large: bool = False
    partial: bool = False
    menu: tuple[MenuItem, ...] = ()
    who: str = ""
    role: str = ""
    csrf: str = ""
    request_id: str = ""
    demo: bool = False
    signed_in: bool = False
    finds: str = ""
    shell: str = "staff.html"
    groups: tuple[MenuGroup, ...] = ()
    at: str = ""
    tabs: tuple[Tab, ...] = ()
    start: str = "/"
    acting: str = ""
    place: str = ""
    card: str = ""
    news: MenuItem | None = None
    demo_roles: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    live: str = ""


class Kit:
    """Templates and texts of the kit and of the capabilities, ready to render.

    templates: ``package:folder`` each; the texts stand in ``texts`` beside the folder. compiled: an existing directory
    where compiled templates are kept for the next process (ADR 107); None: nowhere.
    """

    def __init__(
        self, templates: Sequence[str] = (), static: Static | None = None, *, compiled: Path | None = None
    ) -> None:
        self.static = static or Static(folder_of("xinglin.web") / "static")
        sources = tuple(dict.fromkeys(_source(one) for one in (OWN, *templates) if one))
        self.texts = {language: load((package for package, _ in sources), language) for language in LANGUAGES}
        folders = [package / folder for package, folder in sources]
        self._environments = {one: self._environment(one, folders) for one in LANGUAGES}
        for language, environment in self._environments.items():
            if compiled is not None:
                environment.bytecode_cache = _Compiled(compiled / language)

    def render(self, view: View, context: PageContext) -> bytes:
        """Render the whole page, or only its block when HTMX asks and the view names one."""
        template = self._environments[context.language].get_template(view.template)
        values = {"page": context, **view.values}
        if context.partial and view.block:
            made = template.new_context(values)
            for parent in self._parents(context.language, view.template):
                for name, block in parent.blocks.items():
                    made.blocks.setdefault(name, []).append(block)
            return "".join(made.blocks[view.block][0](made)).encode()
        return template.render(values).encode()

    def _parents(self, language: Language, name: str) -> Iterator[Template]:
        """Give the templates that one extends by name, the nearest first: a block asked for alone may be theirs."""
        environment = self._environments[language]
        while True:
            source, _, _ = environment.loader.get_source(environment, name) if environment.loader else ("", None, None)
            found = _EXTENDS.match(source)
            if found is None:
                return
            name = found["name"]
            yield environment.get_template(name)

    def text(self, key: str, language: Language) -> str:
        """Give one text, for headers and the like that stand outside templates."""
        return self.texts[language](key)

    def _environment(self, language: Language, folders: Sequence[Path]) -> Environment:
        made = Environment(
            loader=FileSystemLoader(folders),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.do"],
        )
        texts: Catalogue = self.texts[language]
        made.globals |= {
            "t": texts,
            "language": language,
            "static": self.static.address,
            "inside": inside,
            "type_name": lambda code: names.type_name(code, language),
            "code_name": lambda code: names.code_name(code, language),
        }
        made.filters |= {
            "moment": show.moment,
            "stamp": show.stamp,
            "number": show.number,
            "money": show.money,
            "masked_name": show.masked_name,
            "masked_number": show.masked_number,
            "weekday": lambda value: show.weekday(value, language),
            "said": lambda text: show.said(text, language),
        }
        return made


@pass_context
def inside(context: Context, view: View) -> Markup:
    """Render a view inside the page that is being rendered: a card of a start page."""
    template = context.environment.get_template(view.template)
    return Markup(template.render({"page": context["page"], **view.values}))  # noqa: S704  a template's own output


def _source(declared: str) -> tuple[Path, str]:
    package, _, folder = declared.partition(":")
    return folder_of(package), folder or "templates"
