"""What a refusal tells a client about tokens: the challenges of RFC 6750."""

from xinglin.fhir.outcome import Issue, OutcomeError


class InvalidToken(OutcomeError):
    """A token that opens nothing (401)."""

    def __init__(self, text: str = "The access token is unknown, has expired, or was revoked.") -> None:
        super().__init__(Issue("login", "invalid-token", text=text), status=401)


class InsufficientScope(OutcomeError):
    """What the token's scopes, or the rights of the person behind them, do not reach (403)."""

    def __init__(self, refused: OutcomeError) -> None:
        super().__init__(*refused.issues, status=403)


def challenge(error: OutcomeError) -> bytes:
    """Write WWW-Authenticate; a request without a token is told no error (RFC 6750, 3)."""
    if isinstance(error, InvalidToken):
        return b'Bearer error="invalid_token"'
    if isinstance(error, InsufficientScope):
        return b'Bearer error="insufficient_scope"'
    return b"Bearer"
