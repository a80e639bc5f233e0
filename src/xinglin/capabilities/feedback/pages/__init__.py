"""Pages of feedback: the resident's, the institution's, the commission's."""
