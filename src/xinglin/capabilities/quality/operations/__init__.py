"""Looking through what changed, keeping findings and scores, and explaining a finding."""
