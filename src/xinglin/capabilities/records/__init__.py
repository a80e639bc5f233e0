"""Record browser (记录浏览): what is in the store, found, read, compared, for developers and operators.

Pages over FHIR reads, searches, histories and ``Patient/$everything``; it owns no profile.
"""
