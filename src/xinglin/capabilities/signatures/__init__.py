"""Electronic signatures (电子签名): sign a version of a resource, and tell whether a signature still holds.

For physicians, pharmacists, residents and institutions, each with a key of their own and a certificate; the authority
that is built in is for tests, and says so. FHIR type: Provenance. Rules: R6-050 to R6-053, R7-052.
"""
