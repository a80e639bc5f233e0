"""What the network sees: one file for each FHIR interaction, operations, health, metrics, pages."""
