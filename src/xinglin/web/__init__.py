"""Page kit: views, forms, components, texts in two languages, static files. It knows no capability."""
