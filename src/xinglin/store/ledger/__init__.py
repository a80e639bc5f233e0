"""The audit ledger: entries beside the record, a Merkle tree over them, proofs, and what finds a change."""
