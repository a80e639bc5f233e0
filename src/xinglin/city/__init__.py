"""A synthetic Jiaozuo (焦作): households, illnesses and visits of people who do not exist, as FHIR in a stream.

Pure and seeded: the same specification gives the same bytes, whatever the number of processes. It knows no store.
Shares come from published tables (public-health-and-standards, PG-01 to PG-09); what they do not say is our design and
is marked so where it stands. `docs/howto/make-a-city.md` says how to make one.
"""
