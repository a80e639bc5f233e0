"""Use cases of watching, one file each."""
