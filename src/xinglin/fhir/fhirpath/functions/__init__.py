"""The functions of FHIRPath, one module per chapter; `table.FUNCTIONS` lists them all."""
