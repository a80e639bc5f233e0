"""Passkeys (WebAuthn level 3) as second factor: registered by their owner, answered after the password.

The challenge is sealed in a ticket, so that it counts once and on every server.
"""

import json
from typing import Final
from urllib.parse import urlsplit

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from xinglin.capabilities.accounts.operations.entering import Step
from xinglin.capabilities.accounts.operations.limits import Limits
from xinglin.capabilities.accounts.operations.login import EXPIRED, SECOND, missed, passed
from xinglin.fhir.outcome import Issue, OutcomeError
from xinglin.store.door import UnitOfWork
from xinglin.store.identity import accounts, attempts, events, factors, sealed, tickets
from xinglin.store.identity.factors import Factor

NEW: Final = "passkey"
MOST: Final = 10  # of one account
RP_NAME: Final = "杏林 Xinglin"


class Asked(msgspec.Struct):
    """What a ticket knows of the question put to a passkey."""

    challenge: bytes


async def asked(work: UnitOfWork, ticket: str, site: str) -> str:
    """Give the question to the account's passkeys as JSON for the browser; empty when it has none."""
    found = await tickets.find(work.executor, ticket, SECOND, work.now)
    if found is None or found.account is None:
        return ""
    held = [one for one in await factors.live(work.executor, found.account) if one.kind == "passkey"]
    if not held:
        return ""
    options = generate_authentication_options(
        rp_id=_host(site),
        allow_credentials=[PublicKeyCredentialDescriptor(id=one.name) for one in held],
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    kept = sealed.seal_value(work.vault, tickets.place(found.id), Asked(options.challenge))
    await tickets.change(work.executor, found, kept)
    return options_to_json(options)


async def give(work: UnitOfWork, limits: Limits, ticket: str, credential: str, site: str) -> Step:
    """Take the answer of a passkey, after the password."""
    found = await tickets.find(work.executor, ticket, SECOND, work.now)
    account = await accounts.by_id(work.executor, found.account) if found is not None and found.account else None
    if found is None or account is None or found.sealed is None:
        return Step(fault=EXPIRED)
    digest = work.vault.digest("account", account.id)
    failures, locked = await attempts.begin(work.executor, SECOND, digest, work.now)
    challenge = sealed.unseal_value(work.vault, tickets.place(found.id), found.sealed, Asked).challenge
    # A question is put once, right or wrong.
    await tickets.change(work.executor, found, None)
    if locked is not None or not await _proves(work, account.id, challenge, credential, site):
        await missed(work, limits, SECOND, digest, account.id, failures, locked=locked is not None)
        if locked is not None or failures >= limits.locks.most:
            await tickets.use(work.executor, found, work.now)
            return Step(fault=EXPIRED)
        return Step(fault="accounts.passkey.fault", ticket=ticket)
    await attempts.cleared(work.executor, SECOND, digest)
    await tickets.use(work.executor, found, work.now)
    return await passed(work, limits, account)


async def offer(work: UnitOfWork, limits: Limits, site: str) -> tuple[str, str]:
    """Begin to add a passkey: the text of a ticket, and the question as JSON for the browser."""
    account = await accounts.by_id(work.executor, work.principal.id)
    if account is None or account.kind != "staff":
        raise OutcomeError(Issue("not-found", "not-found"))
    held = [one for one in await factors.live(work.executor, account.id) if one.kind == "passkey"]
    options = generate_registration_options(
        rp_id=_host(site),
        rp_name=RP_NAME,
        user_id=account.id.encode(),
        user_name=account.login,
        user_display_name=work.principal.display,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one.name) for one in held],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    text = tickets.new_text()
    kept = sealed.seal_value(work.vault, tickets.place(tickets.hash_of(text)), Asked(options.challenge))
    expires = work.now + limits.sessions.step_up
    await tickets.issue(work.executor, NEW, text=text, account=account.id, sealed=kept, now=work.now, expires=expires)
    return text, options_to_json(options)


async def add(work: UnitOfWork, ticket: str, credential: str, label: str, site: str) -> None:
    """Take a new passkey; OutcomeError when it is none, or too many are there."""
    found = await tickets.find(work.executor, ticket, NEW, work.now)
    if found is None or found.sealed is None or found.account != work.principal.id:
        raise OutcomeError(Issue("business-rule", "step-expired", text="This step has expired: begin again."))
    held = [one for one in await factors.live(work.executor, work.principal.id) if one.kind == "passkey"]
    if len(held) >= MOST:
        raise OutcomeError(Issue("business-rule", "passkeys-most", text=f"At most {MOST} passkeys."))
    challenge = sealed.unseal_value(work.vault, tickets.place(found.id), found.sealed, Asked).challenge
    try:
        verified = verify_registration_response(
            credential=credential, expected_challenge=challenge, expected_rp_id=_host(site), expected_origin=site
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        raise OutcomeError(Issue("business-rule", "passkey-unfit", text="The passkey's answer does not fit.")) from None
    await tickets.use(work.executor, found, work.now)
    one = Factor(
        id=work.new_id(),
        kind="passkey",
        secret=verified.credential_public_key,
        name=verified.credential_id,
        label=label.strip()[:60],
        counter=verified.sign_count,
        made=work.now,
    )
    await factors.add(work.executor, work.principal.id, one)
    events.note(work, "factor", detail="passkey added")


async def remove(work: UnitOfWork, id: str) -> None:
    """Take a passkey back."""
    held = {one.id: one for one in await factors.live(work.executor, work.principal.id)}
    if id not in held or held[id].kind != "passkey":
        raise OutcomeError(Issue("not-found", "not-found"))
    await factors.end(work.executor, work.principal.id, now=work.now, id=id)
    events.note(work, "factor", detail="passkey removed")


async def _proves(work: UnitOfWork, account: str, challenge: bytes, credential: str, site: str) -> bool:
    held = [one for one in await factors.live(work.executor, account) if one.kind == "passkey"]
    one = next((one for one in held if _is_of(credential, one.name)), None)
    if one is None:
        return False
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_host(site),
            expected_origin=site,
            credential_public_key=one.secret,
            credential_current_sign_count=one.counter,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return False
    return await factors.used(work.executor, account, one.id, now=work.now, counter=verified.new_sign_count)


def _is_of(credential: str, name: bytes) -> bool:
    try:
        return base64url_to_bytes(str(json.loads(credential)["id"])) == name
    except (ValueError, KeyError, TypeError):
        return False


def _host(site: str) -> str:
    return urlsplit(site).hostname or ""
