"""Accounts (账户): who signs in, how it is proved, in which role one acts and for whom.

For residents (phone and code, real-name proofing, dependants), staff (invitation, password and second factor) and the
administrators who make accounts and give roles. It keeps no health data; proofing makes or links a Patient.
"""
