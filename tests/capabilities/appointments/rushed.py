"""The whole platform for processes of its own, where a header says which resident asks: quick to start."""

import os
from functools import partial

from xinglin.app import opened
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.http import Request
from xinglin.server.lifespan import Lifespan
from xinglin.settings import read


async def who(request: Request) -> Principal | None:
    """Give the resident ``p7``, or the platform (``system``)."""
    name = request.header(b"x-who") or ""
    if name == "system":
        return SYSTEM
    own = f"Patient/{name}"
    return Principal(name, frozenset({"resident"}), patient=own, patients=(own,), purpose="PATRQT", level="L2")


def create_app() -> Lifespan:
    return Lifespan(partial(opened, read(os.environ), who))
