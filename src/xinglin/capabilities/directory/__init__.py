"""Directory (机构与人员): institutions, departments, places, services and staff, kept by whom they are of.

For residents and staff, who look for a hospital or a doctor; for administrators, who keep their own institution; for
the commission, which opens institutions. FHIR types: Organization, Location, HealthcareService, PractitionerRole; Task
for readiness and imports. Rules: R1-001 to R1-020, R2-001 to R2-005, R6-020 to R6-023.
"""
