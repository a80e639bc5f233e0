"""OAuth 2.1, OpenID Connect and SMART App Launch 2.2: how apps and systems come in.

The rules of the protocols are Authlib's (`engine`), JOSE is joserfc's; here are the addresses, the pages, and what is
kept (docs/adr/0041).
"""
