"""FHIR R4 as plain values: types, definitions, parsing, validation, FHIRPath, search, patch. No I/O."""
