"""Use cases of the duplicates desk."""
