"""Who may see and do what (访问控制): the baseline of all roles, emergency access and its review, explained decisions.

For clinicians (紧急访问), residents who are told of it, and the security officer.
Follows R7-030 to R7-034 (GB/T 39725), access control of GB/T 22239 level 3, and the Personal Information Protection
Law, Articles 13, 28 and 29.
"""
