"""Pages of supply: the resident's choice and progress, the pharmacy's desk."""
