"""Clinic sessions of the city's institutions: the worker makes those of the coming days, at night and at the start."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xinglin.settings import Settings


async def plan(settings: "Settings") -> None:
    """Let the worker make the sessions of the coming days, so that residents find numbers; what stands is left."""
    from xinglin.app import create_registry, open_door
    from xinglin.capabilities.appointments.contract import PLAN
    from xinglin.city.hours import receives
    from xinglin.city.staff import workers
    from xinglin.security.principal import SYSTEM

    door = await open_door(settings, create_registry(settings))
    try:
        async with door.work(SYSTEM) as work:
            for id in dict.fromkeys(one.institution.id for one in workers() if receives(one)):
                await work.defer(PLAN, organization=id)
    finally:
        await door.store.close()
