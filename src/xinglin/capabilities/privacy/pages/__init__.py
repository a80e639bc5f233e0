"""Pages of privacy: the notice, one's own data, and the officer's desk."""
