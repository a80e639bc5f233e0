"""Tests of the supply of prescriptions."""
