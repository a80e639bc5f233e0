"""The one list of capabilities, and the programs made of it."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from xinglin.capabilities.access import capability as access
from xinglin.capabilities.accounts import capability as accounts
from xinglin.capabilities.appointments import capability as appointments
from xinglin.capabilities.audit import capability as audit
from xinglin.capabilities.billing import capability as billing
from xinglin.capabilities.consents import capability as consents
from xinglin.capabilities.directory import capability as directory
from xinglin.capabilities.duplicates import capability as duplicates
from xinglin.capabilities.feedback import capability as feedback
from xinglin.capabilities.health_records import capability as health_records
from xinglin.capabilities.insurance import capability as insurance
from xinglin.capabilities.internet_hospital import capability as internet_hospital
from xinglin.capabilities.notifications import capability as notifications
from xinglin.capabilities.pharmacy import capability as pharmacy
from xinglin.capabilities.portals import capability as portals
from xinglin.capabilities.practitioners import capability as practitioners
from xinglin.capabilities.prescriptions import capability as prescriptions
from xinglin.capabilities.privacy import capability as privacy
from xinglin.capabilities.quality import capability as quality
from xinglin.capabilities.records import capability as records
from xinglin.capabilities.residents import capability as residents
from xinglin.capabilities.signatures import capability as signatures
from xinglin.capabilities.signatures.gateways import BUILT_IN
from xinglin.capabilities.signatures.operations.verify import page as verify_page
from xinglin.capabilities.supervision import capability as supervision
from xinglin.capabilities.terminology import capability as terminology
from xinglin.capabilities.triage import capability as triage
from xinglin.capabilities.watching import capability as watching
from xinglin.registry import Capability, Job, Registry
from xinglin.security import masks
from xinglin.security.patterns import Patterns
from xinglin.security.principal import SYSTEM
from xinglin.security.relations import Windows
from xinglin.security.signatures import Verdict
from xinglin.server.asgi import create_asgi
from xinglin.server.audit import AuditProofs
from xinglin.server.call import PrincipalOf
from xinglin.server.http import ASGIApp
from xinglin.server.lifespan import Lifespan
from xinglin.server.limits import Limits
from xinglin.server.lines import Lines
from xinglin.server.live import Live
from xinglin.server.log import configure
from xinglin.server.oauth.bearer import Bearers
from xinglin.server.oauth.cors import Cors
from xinglin.server.oauth.service import create_oauth
from xinglin.server.oauth.site import part_of
from xinglin.server.pages import create_pages
from xinglin.server.principals import development, first_of
from xinglin.server.sessions import Sessions
from xinglin.settings import Settings, read
from xinglin.store import jobs
from xinglin.store.door import Door
from xinglin.store.scanning import Clamd, Uploads
from xinglin.store.store import Store
from xinglin.store.vault.keystore import FileKeyStore

CAPABILITIES: Final[tuple[Callable[[Settings], Capability], ...]] = (
    watching.declare,  # 安全监测: its desk leads the officer's menu
    accounts.declare,  # 账户
    records.declare,  # 记录浏览
    portals.declare,  # 门户
    health_records.declare,  # 健康档案
    terminology.declare,  # 术语字典
    practitioners.declare,  # 人员与资质
    residents.declare,  # 居民主索引与健康卡
    directory.declare,  # 机构与人员
    triage.declare,  # 智能导诊
    duplicates.declare,  # 查重合并
    billing.declare,  # 收费与支付
    insurance.declare,  # 医保结算
    internet_hospital.declare,  # 互联网诊疗
    quality.declare,  # 数据质量
    notifications.declare,  # 消息通知
    appointments.declare,  # 预约挂号与候诊
    prescriptions.declare,  # 电子处方
    pharmacy.declare,  # 处方流转
    supervision.declare,  # 互联网诊疗监管
    feedback.declare,  # 评价与投诉
    access.declare,  # 访问控制
    consents.declare,  # 知情同意
    signatures.declare,  # 电子签名
    audit.declare,  # 审计
    privacy.declare,  # 个人信息保护
)


def create_registry(settings: Settings) -> Registry:
    """Declare every capability; RegistryError lists all contradictions."""
    masks.take(masking(settings))
    windows = Windows(settings.encounter_grace_hours, settings.zone)
    return Registry(tuple(declare(settings) for declare in CAPABILITIES), windows)


def masking(settings: Settings) -> Patterns:
    """Give the patterns that the settings mask by."""
    return Patterns(settings.mask_name, settings.mask_number, settings.mask_phone, settings.mask_address)


async def open_door(settings: Settings, registry: Registry) -> Door:
    """Open the store of the database that the settings name, behind its door; close ``door.store`` in the end."""
    store = await Store.open(
        database_address(settings),
        connections=settings.db_connections,
        sql_timeout_ms=settings.sql_timeout_ms,
        noop_updates=settings.noop_updates,
        keep_bytes=settings.row_cache_mib * 2**20,
        keys=FileKeyStore(settings.master_key),
        sealed=settings.cipher != "off",
    )
    return Door(
        store,
        registry.rulebook,
        base_url=settings.base_url or "",
        uploads=uploads(settings),
        critical=settings.critical_infrastructure,
    )


def uploads(settings: Settings) -> Uploads | None:
    """Give what scans files before they are written; None when the settings name no scanner."""
    if settings.scanner_address is None:
        return None
    return Uploads(Clamd(settings.scanner_address), silent=settings.scanner_silent)


def create_app() -> Lifespan:
    """Make the application of one server process, from the settings in its environment."""
    settings = read(os.environ)
    configure(settings)
    return Lifespan(partial(opened, settings))


@asynccontextmanager
async def opened(settings: Settings, who: PrincipalOf | None = None) -> AsyncIterator[ASGIApp]:
    """Open the door, and give what serves FHIR and pages through it; who: in place of whoever has signed in."""
    registry = create_registry(settings)
    door = await open_door(settings, registry)
    sessions, bearers = Sessions(door.store, settings), Bearers(door.store, settings)
    who = who or first_of(sessions, development(settings))
    limits = Limits(settings)
    everybody = limits.around(first_of(bearers, who))
    part = part_of(create_oauth(door, settings))
    live = Live(door, settings, who)
    lines = Lines(registry, door, settings, limits.around(who))
    mine = (*AuditProofs(door, settings, everybody).routes(), *live.routes(), *lines.routes())
    part = replace(part, routes=(*part.routes, *mine))
    pages = create_pages(registry, door, settings, principal_of=limits.around(who), part=part)
    served = create_asgi(registry, door, settings, pages=pages, principal_of=everybody, smart=True)
    try:
        async with ordering(door, settings):
            yield limits.outside(Cors(served, door.store))
    finally:
        served.flush()
        await door.store.close()


async def create_worker(settings: Settings) -> None:
    """Run the jobs of all capabilities until cancelled, each in a unit of work of the platform's own principal."""
    registry = create_registry(settings)
    door = await open_door(settings, registry)
    try:
        async with ordering(door, settings):
            await jobs.work(database_address(settings), bound(registry, door))
    finally:
        await door.store.close()


def ordering(door: Door, settings: Settings) -> AbstractAsyncContextManager[None]:
    """Put audit entries in order while the block runs, in turns with the other processes."""
    return door.store.sequencer.running(
        interval_ms=settings.audit_interval_ms, head_seconds=settings.audit_head_seconds, days=settings.audit_days
    )


async def signatures_of(door: Door) -> AsyncIterator[tuple[str, Verdict]]:
    """Judge everything that was signed, page by page: (Provenance, verdict)."""
    token: str | None = None
    while True:
        async with door.work(SYSTEM) as work:
            found, token = await verify_page(work, token, BUILT_IN)
        for one in found:
            yield one
        if token is None:
            return


def database_address(settings: Settings) -> str:
    """Give the address of the database; commands fill it in when the embedded server is used."""
    if settings.database_url is None:
        raise LookupError("no database: settings must name one, or pass cli.database.database first")
    return settings.database_url.reveal()


@dataclass(frozen=True, slots=True)
class BoundJob:
    """A declared job that opens its own unit of work; what `store.jobs.work` runs."""

    name: str
    run: Callable[..., Awaitable[None]]
    retries: int
    every: str


def bound(registry: Registry, door: Door) -> tuple[BoundJob, ...]:
    """Bind every job of the registry to the door."""
    return tuple(BoundJob(job.name, partial(_run, job, door), job.retries, job.every) for job in registry.jobs.values())


async def _run(job: Job, door: Door, **arguments: object) -> None:
    async with door.work(SYSTEM) as work:
        await job.run(work, **arguments)
