"""[type]/[id]/$sign: sign the current version of a resource."""

from typing import cast

import msgspec

from xinglin.capabilities.signatures.contract import Rule, Sign
from xinglin.capabilities.signatures.gateways import CertificateAuthority, Gateways, TimeAuthority
from xinglin.capabilities.signatures.rules import holder_of, rule_of
from xinglin.fhir import codec
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.fhir.r4.resources import Provenance
from xinglin.fhir.sources import cites
from xinglin.security import signatures
from xinglin.security.signatures import Evidence, Statement, canonical, digest_of, instant
from xinglin.store.door import UnitOfWork
from xinglin.store.executor import Row
from xinglin.store.identity import sessions
from xinglin.store.vault import signing
from xinglin.store.vault.signing import SigningKey


@cites("R6-050", "R6-051", "R6-052")
async def sign(work: UnitOfWork, given: Sign, *, type_name: str, gateways: Gateways) -> Provenance:
    """Sign the current version with the signer's own key, or the seal; answers the Provenance that keeps it."""
    rule = rule_of(work.principal.roles, type_name, seal=given.seal)
    holder = holder_of(work.principal, rule) if rule is not None else None
    if rule is None or holder is None or not work.principal.strong:
        text = f"You do not sign {type_name}{' with a seal' if given.seal else ''}."
        raise OutcomeError(Issue("forbidden", "may-not-sign", type_name, text))
    row = await _whole(work, type_name, given.id)
    authority, clock = gateways.authority(work.vault), gateways.clock(work.vault)
    key = await _key(work, holder, authority)
    evidence = await _signed(work, row, rule, key, clock)
    document = signatures.provenance(
        evidence, purpose=rule.purpose, title=rule.title.en, time=work.now, organization=work.principal.organization
    )
    written = await work.platform.create(msgspec.json.encode(document), type="Provenance")
    work.note("sign", type=type_name, refs=(evidence.target, f"Provenance/{written.id}"), patient=row.pat,
              rule=("seal" if given.seal else "sign",), detail=f"certificate {key.serial}")  # fmt: skip
    kept = await work.platform.read("Provenance", written.id)
    return cast("Provenance", codec.decode(kept.body(), "Provenance"))


async def _whole(work: UnitOfWork, type_name: str, id: str) -> Row:
    """Read the version to be signed, and hold it; who sees it with something masked cannot answer for it."""
    seen = await work.fhir.read(type_name, id, lock=True)
    stored = await work.platform.read(type_name, id)
    if seen.body() != stored.body():
        raise OutcomeError(Issue("forbidden", "masked", type_name, "You see this masked, so you cannot sign it."))
    return stored


async def _key(work: UnitOfWork, holder: str, authority: CertificateAuthority) -> SigningKey:
    """Give the signer's key, or make one and have it certified."""
    account = work.principal.id
    key = await signing.key_of(work.executor, holder=holder, account=account)
    if key is not None:
        return key
    pair = signing.make(work.vault, work.new_id())
    issued = await authority.certify(pair.public, holder, work.now)
    work.note("certify", detail=f"certificate {issued.serial}")
    return await signing.keep(
        work.executor,
        pair,
        holder=holder,
        account=account,
        serial=issued.serial,
        certificate=issued.der,
        ends=issued.ends,
    )


async def _signed(work: UnitOfWork, row: Row, rule: Rule, key: SigningKey, clock: TimeAuthority) -> Evidence:
    content = canonical(row.body())
    target = f"{row.rt}/{row.id}/_history/{row.vid}"
    statement = Statement(
        certificate=key.serial,
        digest=digest_of(content),
        purpose=rule.purpose,
        signer=key.holder,
        target=target,
        time=instant(work.now),
    ).encoded()
    session = work.principal.session
    signature = await signing.sign(
        work.executor,
        work.vault,
        key,
        statement,
        account=work.principal.id,
        strong_until=await sessions.strong_until(work.executor, session) if session else None,
    )
    stamp = await clock.stamp(signature, work.now)
    return Evidence(target, key.holder, content, statement, key.certificate, signature, stamp)
