"""Health record (健康档案): one person's record across institutions, for who treats, and for the person.

Pages over FHIR searches of the patient's compartment; as it was at any moment; trends, print, a plain form for the
resident's phone. National basic public health services 3rd edition 1.1 (HR-03 to HR-11); Chinese name 居民健康档案.
"""
