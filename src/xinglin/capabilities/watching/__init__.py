"""Watching (安全监测): anomalies in the use of the record, and the security officer's desk (安全管理员工作台).

For the security officer. Follows R7-032, R7-041 and R7-042, and the security audit of GB/T 22239 level 3.
"""
