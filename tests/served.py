"""The whole platform over HTTP in this process, where a cookie or a header says who asks.

`xinglin.app` puts it together; `tests.server.running` starts one in processes of its own, which costs seconds.
"""

import os
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from types import MappingProxyType
from typing import Any

import httpx
import uvicorn
from anyio.from_thread import start_blocking_portal

from tests.conftest import FOLDER, key_store
from xinglin.app import create_registry, opened
from xinglin.fhir.document import bytes_of
from xinglin.security.principal import SYSTEM, Principal
from xinglin.server.call import PrincipalOf
from xinglin.server.http import ASGIApp, Request
from xinglin.settings import Settings, read
from xinglin.store.door import Door
from xinglin.store.store import Store

Find = Callable[[str], Principal | None]


def called(people: Mapping[str, Principal] | Find) -> PrincipalOf:
    """Find who asks by the name in the header X-Who or the cookie ``who``; nobody without one, ``system`` always."""
    find = people if callable(people) else people.get

    async def who(request: Request) -> Principal | None:
        cookie = (request.header(b"cookie") or "").partition("who=")[2].partition(";")[0]
        name = request.header(b"x-who") or cookie
        return SYSTEM if name == "system" else find(name)

    return who


@contextmanager
def served(
    dsn: str,
    people: Mapping[str, Principal] | Find | None = None,
    documents: Iterable[Mapping[str, Any]] = (),
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Serve the platform over the database with these documents; give its address. settings: XINGLIN_* by what follows.

    people: who asks by name; ``system`` is there without being named. None: whoever has signed in, or the developer.
    """
    variables = {"DATABASE_URL": dsn, "KEY_FILE": f"{os.environ[FOLDER]}/master.key", "DB_CONNECTIONS": "4", **settings}
    made = read({f"XINGLIN_{name}": value for name, value in variables.items()})
    with listening(opened(made, None if people is None else called(people))) as root:
        put(root, documents)
        yield root


@contextmanager
def listening(opening: AbstractAsyncContextManager[ASGIApp]) -> Iterator[str]:
    """Serve an application until the block ends; give its address.

    In a thread: tests and their fixtures may wait for an answer without letting others run.
    """
    with (
        socket.create_server(("127.0.0.1", 0)) as place,
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(opening) as application,
    ):
        config = uvicorn.Config(application, lifespan="off", log_level="error", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        running = portal.start_task_soon(server.serve, [place])
        try:
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
        finally:
            server.should_exit = True
            running.result()


def put(root: str, documents: Iterable[Mapping[str, Any]]) -> None:
    """Write documents as the platform."""
    headers = {"content-type": "application/fhir+json", "x-who": "system"}
    with httpx.Client(base_url=f"{root}/fhir", headers=headers, timeout=60) as client:
        for document in documents:
            answer = client.put(f"/{document['resourceType']}/{document['id']}", content=bytes_of(document))
            assert answer.status_code in {200, 201}, answer.text


@asynccontextmanager
async def door_of(dsn: str, *, audited: bool = True) -> AsyncIterator[Door]:
    """Open the door of the whole platform to the database."""
    store = await Store.open(dsn, keys=key_store())
    try:
        yield Door(store, create_registry(Settings()).rulebook, audited=audited)
    finally:
        await store.close()
