"""Terminology: concepts of every code system in tables, kept in step with the CodeSystem resources that name them."""
