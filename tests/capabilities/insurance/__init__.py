"""Tests of settlements with the insurer."""
