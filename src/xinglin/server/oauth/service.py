"""What the endpoints of one process share."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from xinglin.server.oauth.clientkeys import ClientKeys
from xinglin.server.oauth.keys import Signer
from xinglin.settings import Settings
from xinglin.store.door import Door
from xinglin.store.store import Store
from xinglin.store.vault.vault import Vault

CODE_LASTS: Final = timedelta(seconds=60)
# A code or refresh token that comes a second time after it was forgotten is only unknown; this long it is an alarm.
REMEMBERED: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Oauth:
    """The authorization server over one door."""

    door: Door
    settings: Settings
    signer: Signer
    client_keys: ClientKeys

    @property
    def store(self) -> Store:
        """The store behind the door."""
        return self.door.store

    @property
    def vault(self) -> Vault:
        """The vault of the process."""
        return self.door.vault

    @property
    def access_lasts(self) -> timedelta:
        """How long an access token opens the record."""
        return timedelta(seconds=self.settings.access_token_seconds)

    @property
    def offline_lasts(self) -> timedelta:
        """How long an app may come back by itself."""
        return timedelta(days=self.settings.offline_days)


def create_oauth(door: Door, settings: Settings) -> Oauth:
    """Make the authorization server over an open door."""
    return Oauth(door, settings, Signer(door.store, door.vault), ClientKeys())
