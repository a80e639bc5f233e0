"""Portals (门户): find a person, and what stands on the start pages of residents, clinicians, institutions, commission.

For everybody. It owns no data: everything shown is asked by the reader's own rights (R7-031, R7-034).
"""
