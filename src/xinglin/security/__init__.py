"""Who may do what to which part of the record: pure values and decisions."""
