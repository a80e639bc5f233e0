"""Pages and cards of the portals."""
