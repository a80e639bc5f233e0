"""Duplicates (查重合并): two records of one person are looked at side by side, merged, and taken apart again.

For whoever keeps residents' records. Merging moves nothing: `store.merging` lets one record stand for the other.
Source: HR-03; CD-11; http://hl7.org/fhir/R4/patient.html#merging; the operation of R5,
http://hl7.org/fhir/5.0/patient-operation-merge.html
"""
