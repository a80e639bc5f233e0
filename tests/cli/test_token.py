import os

import pytest

from tests.cli.test_commands import run
from tests.conftest import FOLDER
from xinglin.cli.demonstration_accounts import seed
from xinglin.settings import read


@pytest.fixture(scope="module")
async def variables(postgres_dsn: str) -> dict[str, str]:
    """A store with the accounts of the demonstration."""
    made = {"XINGLIN_DATABASE_URL": postgres_dsn, "XINGLIN_KEY_FILE": f"{os.environ[FOLDER]}/master.key"}
    await seed(read(made))
    return made


def test_a_token_is_printed_for_a_role_of_the_demonstration(variables: dict[str, str]) -> None:
    ended = run("token", "--as", "physician", "--scope", "user/*.rs", **variables)
    assert ended.returncode == 0, ended.stderr
    assert len(ended.stdout.strip()) == 43


def test_outside_a_demonstration_there_is_none(variables: dict[str, str]) -> None:
    for more in ({"XINGLIN_DEMO": "off"}, {"XINGLIN_HOST": "0.0.0.0", "XINGLIN_DEV_PRINCIPAL": "off"}):
        ended = run("token", "--as", "physician", **variables, **more)
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert "demonstration" in ended.stderr


def test_an_unknown_account_is_named(variables: dict[str, str]) -> None:
    ended = run("token", "--as", "somebody", **variables)
    assert ended.returncode == 1
    assert "somebody" in ended.stderr


def test_keys_of_identity_tokens_are_replaced(variables: dict[str, str]) -> None:
    ended = run("keys", "rotate", "--domain", "tokens", **variables)
    assert ended.returncode == 0, ended.stderr
    assert "RS256: key " in ended.stdout
    assert "ES256: key " in ended.stdout
