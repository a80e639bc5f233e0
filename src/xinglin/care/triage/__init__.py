"""Triage (智能导诊): from a complaint in a person's own words to a department and an urgency, with the reasons.

A rule base that anybody can read (`care/data/triage/*.csv`), no learning: words → facts (`reading`), facts → advice
(`deciding`), what to ask next (`asking`). A red flag always leads to emergency advice. It names no disease and
prescribes nothing. The rules are general knowledge written by engineers: clinicians have to check them before use.
"""

from xinglin.care.triage.deciding import assess, decide
from xinglin.care.triage.model import Advice, Complaint, Department, Facts, Fired, Person
from xinglin.care.triage.reading import read

__all__ = ["Advice", "Complaint", "Department", "Facts", "Fired", "Person", "assess", "decide", "read"]
