"""FHIR search (http://hl7.org/fhir/R4/search.html): grammar, algebra, and what the index holds of a resource. Pure."""
