"""Pages of a record: the clinician's, trends, timeline, documents, print; the person's own."""
