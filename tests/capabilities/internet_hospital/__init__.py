"""Tests of online visits."""
