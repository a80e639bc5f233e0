"""Use cases: send, deliver, read, resend, tell by telephone, refuse kinds."""
