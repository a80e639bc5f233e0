from pathlib import Path

import pytest

from xinglin.setting_forms import Secret
from xinglin.settings import Settings, SettingsError, environment, is_loopback, read, variables


def test_nothing_set_gives_the_defaults() -> None:
    assert read({}) == Settings()
    assert read({"PATH": "/bin", "XINGLIN_PORT": ""}) == Settings()


def test_values_are_read_as_their_type() -> None:
    got = read(
        {
            "XINGLIN_PORT": "9090",
            "XINGLIN_DATA_DIR": "/srv/data",
            "XINGLIN_DEV_PRINCIPAL": "off",
            "XINGLIN_HOST": "0.0.0.0",
            "XINGLIN_BASE_URL": "https://health.example/fhir/",
            "XINGLIN_LANGUAGE": "en",
        }
    )
    assert (got.port, got.data_dir, got.dev_principal) == (9090, Path("/srv/data"), False)
    assert (got.host, got.base_url, got.language) == ("0.0.0.0", "https://health.example/fhir", "en")
    assert not got.loopback


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("PORT", "0"),
        ("PORT", "80a"),
        ("PORT", "-1"),
        ("PORT", "٣"),
        ("WORKERS", "1000"),
        ("DEV_PRINCIPAL", "yes"),
        ("LANGUAGE", "fr"),
        ("BASE_URL", "ftp://x"),
        ("BASE_URL", "https://x/fhir?y"),
        ("DATABASE_URL", "mysql://x"),
        ("NO_SUCH", "1"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, given: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read({f"XINGLIN_{name}": given})
    assert [fault.split(":")[0] for fault in refused.value.faults] == [f"XINGLIN_{name}"]


def test_all_faults_are_reported_together() -> None:
    with pytest.raises(SettingsError) as refused:
        read({"XINGLIN_PORT": "x", "XINGLIN_HOST": "0.0.0.0", "XINGLIN_TYPO": "1", "XINGLIN_PAGE_SIZE": "2000"})
    assert sorted(fault.split(":")[0] for fault in refused.value.faults) == [
        "XINGLIN_DEV_PRINCIPAL",
        "XINGLIN_PAGE_SIZE",
        "XINGLIN_PORT",
        "XINGLIN_TYPO",
    ]


def test_the_development_principal_is_refused_where_others_can_reach_it() -> None:
    for host in ("0.0.0.0", "::", "10.0.0.1", "xinglin.example"):
        with pytest.raises(SettingsError, match="XINGLIN_DEV_PRINCIPAL"):
            read({"XINGLIN_HOST": host})
        assert not read({"XINGLIN_HOST": host, "XINGLIN_DEV_PRINCIPAL": "off"}).dev_principal


def test_loopback_is_told_from_the_rest() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "", "::", "localhost.example", "128.0.0.1"))


def test_a_secret_never_prints() -> None:
    settings = read({"XINGLIN_DATABASE_URL": "postgresql://u:hunter2@db/x"})
    assert "hunter2" not in f"{settings} {settings!r} {settings.database_url}"
    assert settings.database_url == Secret("postgresql://u:hunter2@db/x")
    assert settings.database_url is not None
    assert settings.database_url.reveal() == "postgresql://u:hunter2@db/x"


def test_a_refused_database_address_does_not_print() -> None:
    with pytest.raises(SettingsError) as refused:
        read({"XINGLIN_DATABASE_URL": "mysql://u:hunter2@db/x"})
    assert "hunter2" not in str(refused.value)


def test_every_setting_says_something() -> None:
    listed = variables()
    assert all(says.endswith(".") and len(says) > 15 for _, _, says in listed)
    assert {name for name, _, _ in listed} >= {"XINGLIN_DATABASE_URL", "XINGLIN_PORT", "XINGLIN_LOG_FORMAT"}


def test_settings_pass_to_another_process_whole() -> None:
    settings = read(
        {
            "XINGLIN_DATABASE_URL": "postgresql://u:hunter2@/x?host=/tmp",
            "XINGLIN_PORT": "1",
            "XINGLIN_DESIGN_PAGE": "on",
            "XINGLIN_BASE_URL": "https://health.example/fhir",
        }
    )
    assert read(environment(settings)) == settings
    assert read(environment(Settings())) == Settings()
