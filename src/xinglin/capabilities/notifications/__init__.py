"""Notifications (消息通知): one outbox for what the platform tells residents and staff.

For residents, staff who are told something, and the service desk that reaches whom no message reached.
"""
