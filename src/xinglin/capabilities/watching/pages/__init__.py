"""The security officer's pages, one file each."""
