"""The one error of FHIRPath, told apart by kind."""

from typing import Literal

from xinglin.fhir.outcome import Issue, OutcomeError

Kind = Literal["syntax", "semantic", "execution"]


class FhirPathError(OutcomeError):
    """An expression that cannot be read (syntax), cannot be right (semantic) or cannot be carried out (execution).

    position: the character offset in the expression, when it is known. It is an OutcomeError, so that an expression
    that came from outside is answered with a 400.
    """

    def __init__(self, kind: Kind, message: str, position: int | None = None) -> None:
        place = "" if position is None else f" (character {position})"
        super().__init__(Issue("invalid", f"fhirpath-{kind}", text=message + place))
        self.kind: Kind = kind
        self.message = message
        self.position = position

    def __str__(self) -> str:
        return self.issues[0].text
