"""The application of the server's tests."""

from tests.server.conftest import application, client, store

__all__ = ["application", "client", "store"]
