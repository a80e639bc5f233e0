"""Xinglin (杏林): the Internet + medical health services of a region on one FHIR record."""

__version__ = "0.1.0"
