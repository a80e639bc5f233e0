"""Two hundred ask for forty numbers over HTTP while server processes are killed: each number is sold once."""

import asyncio
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.capabilities.appointments import hospital
from tests.served import door_of
from tests.server.running import Running, running

NUMBERS = 40
CLIENTS = 200
KILLED_AFTER = 5  # answers
PATIENCE_S = 120
AGAIN_S = 0.5
TARGET = "tests.capabilities.appointments.rushed:create_app"


@dataclass
class Rush:
    """What clients heard: the booking of each who got one, why not of the others; dead: the process that was killed."""

    held: dict[int, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    dead: int = 0
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def answers(self, count: int) -> None:
        """Wait until so many clients have an answer."""
        while len(self.held) + len(self.refused) < count:
            self.heard.clear()
            await self.heard.wait()


async def _planned(dsn: str, sessions: int) -> None:
    async with door_of(dsn, audited=False) as door:
        start = door.clock.now().replace(second=0, microsecond=0)
        await hospital.put(door, *hospital.places(), *hospital.people(CLIENTS * sessions))
        for one in range(sessions):
            # It begins today, so that nothing is kept for other channels any more; each doctor has one.
            made = hospital.planned(f"s{one}", start=start, minutes=10 * NUMBERS, doctor=one + 1)
            await hospital.opened(door, made)


async def _ask(client: httpx.AsyncClient, session: str, number: int, rush: Rush) -> None:
    """Ask until there is an answer; what was lost on the way is asked again."""
    body = {"resourceType": "Parameters", "parameter": [{"name": "patient", "valueString": f"p{number}"}]}
    headers = {"content-type": "application/fhir+json", "x-who": f"p{number}"}
    last = ""
    for _ in range(int(PATIENCE_S / AGAIN_S)):
        try:
            answer = await client.post(f"Schedule/{session}/$hold-next", headers=headers, json=body)
        except httpx.TransportError as fault:
            last = repr(fault)
            await asyncio.sleep(AGAIN_S)
            continue
        if answer.status_code == 200:
            rush.held[number] = answer.json()["parameter"][0]["valueString"]
            rush.heard.set()
            return
        if answer.status_code < 500:
            rush.refused.append(answer.json()["issue"][0]["details"]["coding"][0]["code"])
            rush.heard.set()
            return
        last = answer.text
        await asyncio.sleep(AGAIN_S)
    raise AssertionError(f"no answer: {last}")


async def _kill(server: Running, rush: Rush) -> None:
    await rush.answers(KILLED_AFTER)
    rush.dead = _workers(server.process.pid)[-1]
    os.kill(rush.dead, signal.SIGKILL)


def _workers(pid: int) -> list[int]:
    """Give the processes of a server that answer requests."""
    children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [one for one in children if b"resource_tracker" not in Path(f"/proc/{one}/cmdline").read_bytes()]


async def _rush(server: Running, place: int) -> Rush:
    rush, session = Rush(), f"s{place}"
    people = range(CLIENTS * place, CLIENTS * (place + 1))  # others each time, as there are limits
    limits = httpx.Limits(max_connections=50)
    async with httpx.AsyncClient(base_url=server.fhir, timeout=60, limits=limits) as client:
        await asyncio.gather(_kill(server, rush), *(_ask(client, session, one, rush) for one in people))
        # Who asks once more gets what he has.
        again = Rush()
        await asyncio.gather(*(_ask(client, session, one, again) for one in rush.held))
    assert again.held == rush.held
    return rush


@pytest.mark.timeout(600)
def test_forty_numbers_are_sold_once_while_servers_are_killed(postgres_dsn: str, pytestconfig: pytest.Config) -> None:
    rushes = pytestconfig.getoption("rushes")
    asyncio.run(_planned(postgres_dsn, rushes))
    with running(postgres_dsn, target=TARGET, WORKERS="2", LOG_LEVEL="error") as server:
        for one in range(rushes):
            rush = asyncio.run(_rush(server, one))
            assert rush.dead not in _workers(server.process.pid)
            assert len(rush.held) == NUMBERS
            assert set(rush.refused) == {"session-full"}
            query = f"Appointment?supporting-info=Schedule/s{one}&_count=300"
            found = httpx.get(f"{server.fhir}/{query}", headers={"x-who": "system"}, timeout=30).json()
            booked = [entry["resource"] for entry in found["entry"]]
            assert {one["status"] for one in booked} == {"pending"}
            assert len({one["slot"][0]["reference"] for one in booked}) == len(booked) == NUMBERS
            whose = {one["participant"][0]["actor"]["reference"]: one["id"] for one in booked}
            assert whose == {f"Patient/p{number}": id for number, id in rush.held.items()}
