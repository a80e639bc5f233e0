"""[type]/[id]/$verify, and the same for everything that was signed."""

from collections.abc import Sequence
from typing import Any

from xinglin.capabilities.signatures.contract import Judgement, Verify
from xinglin.capabilities.signatures.gateways import Gateways
from xinglin.fhir.outcome import OutcomeError
from xinglin.fhir.search.grammar import TOKEN
from xinglin.fhir.search.references import local
from xinglin.fhir.sources import cites
from xinglin.fhir.wire import plain
from xinglin.security import certificates
from xinglin.security.signatures import Evidence, Trust, Verdict, evidence_of, judge
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.store.vault import signing

PAGE = 100


@cites("R6-051")
async def verify(work: UnitOfWork, given: Verify, *, type_name: str, gateways: Gateways) -> Judgement:
    """Verify every signature of a resource, or the one of a Provenance, against what is stored now."""
    row = await work.fhir.read(type_name, given.id)
    if type_name == "Provenance":
        found = await judged(work, [row], gateways)
        return Judgement(bool(found) and all(verdict.valid for _, verdict in found), _lines(found))
    page = await work.platform.find("Provenance", target=f"{type_name}/{given.id}", _count=str(PAGE))
    found = await judged(work, page.matches, gateways)
    current = f"{type_name}/{given.id}/_history/{row.vid}"
    of_it = [verdict for _, verdict in found if verdict.target == current]
    return Judgement(bool(of_it) and all(verdict.valid for verdict in of_it), _lines(found))


async def judged(work: UnitOfWork, rows: Sequence[Row], gateways: Gateways) -> list[tuple[str, Verdict]]:
    """Judge the signatures of some Provenances: (reference, verdict); those without one of ours are left out."""
    given = [(f"Provenance/{row.id}", evidence_of(plain(row.body()))) for row in rows]
    signed = [(of, evidence) for of, evidence in given if evidence is not None]
    trust = await _trust(work, [evidence for _, evidence in signed], gateways)
    return [(of, judge(evidence, trust, await _stored(work, evidence.target))) for of, evidence in signed]


async def page(work: UnitOfWork, token: str | None, gateways: Gateways) -> tuple[list[tuple[str, Verdict]], str | None]:
    """Judge one page of all Provenances; gives the token of the next page too."""
    more: dict[str, Any] = {TOKEN: token} if token else {}
    found = await work.platform.find("Provenance", _count=str(PAGE), **more)
    return await judged(work, found.matches, gateways), found.next_token


async def _trust(work: UnitOfWork, given: Sequence[Evidence], gateways: Gateways) -> Trust:
    serials = []
    for evidence in given:
        try:
            serials.append(certificates.read(evidence.certificate).serial)
        except certificates.CertificateFault:
            continue  # `judge` says so
    revoked = await signing.revocations(work.executor, serials)
    return Trust(gateways.authority(work.vault).trusted(), gateways.clock(work.vault).stamped, revoked.get)


async def _stored(work: UnitOfWork, target: str) -> bytes | None:
    named = local(target, "")
    if named is None or named.version is None:
        return None
    try:
        return (await work.platform.vread(named.type, named.id, named.version)).body()
    except OutcomeError:
        return None


def _lines(found: Sequence[tuple[str, Verdict]]) -> tuple[str, ...]:
    return tuple([verdict.line(of) for of, verdict in found])
