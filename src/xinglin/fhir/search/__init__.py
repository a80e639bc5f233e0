"""FHIR search (http://hl7.org/fhir/R4/search.html): the grammar, the algebra, and what of a resource the index holds. Pure."""
