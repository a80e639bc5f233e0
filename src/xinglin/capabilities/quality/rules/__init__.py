"""What is looked at in a record: pure functions of the record and what stands around it."""
