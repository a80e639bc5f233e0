"""Residents (居民主索引与健康卡): who is who, the number of a health record, the electronic health card, duplicates.

For registration desks, village and family doctors, residents and partner systems. Follows GB 11643, WS/T 543 (health
card), the national rules for residents' health records, and FHIR Patient/$match.
"""
