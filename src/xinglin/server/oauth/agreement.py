"""What somebody agreed to: kept with a code until an app redeems it."""

import msgspec


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """What a code stands for until it is redeemed. Times in seconds since the epoch."""

    redirect_uri: str
    code_challenge: str
    account: str
    role: str
    purpose: str
    strong: bool
    authenticated: float
    assignment: str | None = None
    patient_for: str | None = None
    patient: str | None = None
    encounter: str | None = None
    parent: str | None = None
    parent_until: float = 0
    offline: bool = False
    nonce: str = ""
    address: str = ""
