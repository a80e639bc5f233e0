"""Pages of supervision: live figures, uploads, the trace, spot checks, findings."""
