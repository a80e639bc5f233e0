"""What a person allows and refuses (知情同意): kinds of consent, giving and withdrawing, the resident's page.

For residents, guardians and whoever asks for their data. Follows the Personal Information Protection Law, Articles 13
to 31 (separate consent, guardians, withdrawal), and FHIR Consent; what a consent hides and opens: docs/trust.md.
"""
