"""What is measured, each against a floor that is measured beside it: `make bench`."""
