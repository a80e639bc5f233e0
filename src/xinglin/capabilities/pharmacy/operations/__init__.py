"""Use cases of supply: the patient's side, the pharmacy's counter, and what they read."""
