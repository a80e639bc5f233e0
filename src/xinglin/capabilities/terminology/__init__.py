"""Terminology (术语字典): code systems, value sets and maps, found, explained, checked and kept up to date.

For everybody who writes or reads a code: a dictionary with search by Chinese, pinyin and code, a picker for forms, the
FHIR terminology operations, and a loader for the national editions. Standards: FHIR R4 terminology module; GB/T, WS
and CV tables as restated in `xinglin.tables`.
"""
