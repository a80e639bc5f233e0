"""Pages of online visits: the resident's on a phone, the doctor's beside the record."""
