"""A till with or without an insured patient; keys once a session."""

from pathlib import Path

import pytest

from tests.capabilities.billing import places
from tests.capabilities.billing.places import Till, Town
from xinglin.store.store import Store


@pytest.fixture(scope="session")
def keys_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("payment-keys")
    places.keyed(folder)
    return folder


@pytest.fixture
def town(keys_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setenv("SIMULATED_PAYMENT_KEYS", str(keys_folder))
    return Town(keys_folder)


@pytest.fixture
async def till(store: Store, town: Town) -> Till:
    made = Till(store, town)
    await places.settle_in(made.door)
    return made


@pytest.fixture
async def insured(store: Store, town: Town) -> Till:
    made = Till(store, town)
    await places.settle_in(made.door, insured_=True)
    await town.insurer.insure(insutype="310", account_fen=2000)
    return made
