"""Pages of prescriptions: writing one, one as it stands, the pharmacists' queue, the resident's own."""
