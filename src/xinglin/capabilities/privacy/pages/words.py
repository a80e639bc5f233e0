"""Words of privacy in lists and pages."""

from typing import Final

from xinglin.fhir.declarations import Text
from xinglin.web.catalogue import texts
from xinglin.web.view import Language

PACKAGE: Final = "xinglin.capabilities.privacy"


def said(key: str, language: Language, **values: object) -> str:
    """Give a text."""
    return texts(PACKAGE)[language](f"privacy.{key}", **values)


def text(key: str) -> Text:
    """Give a text in both languages."""
    return Text(said(key, "zh"), said(key, "en"))
