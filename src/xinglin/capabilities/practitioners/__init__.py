"""Practitioners (人员与资质): credentials, places of work, and their verification against the registers.

For administrators of institutions, who see what is valid, ending or revoked; for the platform, which lets nobody work
whose credential no longer stands. FHIR types: Practitioner, PractitionerRole, VerificationResult; identifiers of
Patient, RelatedPerson, Person and Organization. Rules: R6-001 to R6-036, R1-030 to R1-037, R2-010, R2-011.
"""
