"""Appointments (预约挂号、候诊): numbers of a session from one pool, held, confirmed, given back, and the one queue.

For residents, desks and telephone operators, physicians, and other systems. It owns Schedule[session], Slot[number],
Appointment[booking], List[give-back]. FHIR R4 scheduling; docs/care.md.
"""
