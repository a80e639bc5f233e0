"""Pages of the dictionary: find, one concept, the picker, loading an edition."""
