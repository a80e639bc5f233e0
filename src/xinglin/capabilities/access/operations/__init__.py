"""Use cases of access control, one file each."""
