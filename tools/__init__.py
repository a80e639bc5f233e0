"""What makes parts of the tree from outside sources; never imported by the platform."""
