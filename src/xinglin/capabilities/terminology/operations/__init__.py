"""The FHIR terminology operations, one file each."""
