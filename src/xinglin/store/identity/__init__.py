"""Accounts, sessions and what proves who somebody is: tables beside the record (docs/trust.md, "Identity").

Functions over an `Executor` (the store, or a transaction); capabilities pass ``work.executor``.
"""
