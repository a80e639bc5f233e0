"""Prescriptions (电子处方、审方): written and signed by a physician, effective after a pharmacist's review.

For physicians, pharmacists and the residents they write for. It owns RequestGroup[prescription],
MedicationRequest[prescription-line] and Task[prescription-review]. 处方管理办法; 医疗机构处方审核规范; docs/care.md.
"""
