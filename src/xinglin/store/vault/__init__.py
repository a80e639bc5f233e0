"""Keys and encryption at rest (密钥与加密): the key store's gateway, the vault of a process, and rotation.

Source: regulation-internet-care.md, R7-050 to R7-053 (GB/T 39786, GB/T 32918, 32905, 32907).
"""
