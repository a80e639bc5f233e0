"""Use cases of prescriptions: check, sign, revise, cancel, review."""
