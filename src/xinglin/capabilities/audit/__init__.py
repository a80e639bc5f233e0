"""Audit (审计): the audit officer's desk over the ledger, and the resident's page of who looked at their record.

Serves audit officers and residents. Source: regulation-internet-care.md, R7-041 (fields, "the patient can see who
accessed"), R7-015 (how long logs are kept); http://hl7.org/fhir/R4/auditevent.html
"""
