"""Operations of the standard, one file each, and those that capabilities declare."""
