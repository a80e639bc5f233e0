"""What the vault keeps of an account: names, phones, documents; each bound to the row and column it stands in."""

from typing import Any, Final, TypeVar

import msgspec

from xinglin.store.vault.vault import Vault

Kept = TypeVar("Kept")
DOMAIN: Final = "accounts"


def seal(vault: Vault, place: str, text: str) -> bytes:
    """Seal a text for its *place*, such as ``account/00-…/name``."""
    return vault.seal(DOMAIN, place.encode(), text.encode())


def unseal(vault: Vault, place: str, sealed: bytes) -> str:
    """Open what `seal` made for the same place."""
    return vault.open(place.encode(), sealed).decode()


def seal_value(vault: Vault, place: str, value: Any) -> bytes:
    """Seal a value of plain types for its place."""
    return vault.seal(DOMAIN, place.encode(), msgspec.json.encode(value))


def unseal_value(vault: Vault, place: str, sealed: bytes, form: type[Kept]) -> Kept:
    """Open what `seal_value` made for the same place."""
    return msgspec.json.decode(vault.open(place.encode(), sealed), type=form)


def name_place(account: str) -> str:
    """Where the name of an account stands."""
    return f"account/{account}/name"


def phone_place(account: str) -> str:
    """Where the phone of an account stands."""
    return f"account/{account}/phone"


def ward_place(account: str, dependant: str) -> str:
    """Where the name of a dependant stands."""
    return f"dependant/{account}/{dependant}/name"
