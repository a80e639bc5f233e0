"""Use cases of signatures: sign, verify, verify all."""
