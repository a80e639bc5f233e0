"""Passwords and recovery codes as they are kept."""

import re

import pytest
from argon2 import PasswordHasher

from xinglin.store.identity import factors


def test_a_password_is_kept_as_argon2id_with_salt() -> None:
    first, second = factors.hashed("Luo-Ye-7-Gui-Gen"), factors.hashed("Luo-Ye-7-Gui-Gen")
    assert first.startswith(b"$argon2id$v=19$m=65536,t=3,p=4$")
    assert first != second
    assert factors.matches("Luo-Ye-7-Gui-Gen", first)
    assert not factors.matches("luo-ye-7-gui-gen", first)


@pytest.mark.parametrize("secret", [None, b"$argon2id$nonsense", b""])
def test_no_password_fits_where_none_is_kept(secret: bytes | None) -> None:
    assert not factors.matches("nobody has this password", secret)


def test_a_name_that_nobody_has_costs_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            asked.append(str(hash)[:30])
            return super().verify(hash, password)

    kept = factors.hashed("Luo-Ye-7-Gui-Gen")
    hasher = Counting()
    monkeypatch.setattr(factors, "_hasher", lambda: hasher)
    factors._nobody.cache_clear()
    factors.matches("x", None)
    factors.matches("x", kept)
    assert len(asked) == 2
    assert asked[0] == asked[1] == "$argon2id$v=19$m=65536,t=3,p=4"


def test_recovery_codes_are_many_and_found_however_they_are_typed() -> None:
    codes = factors.new_codes()
    assert len(set(codes)) == 8
    assert all(re.fullmatch(r"[a-z2-7]{5}-[a-z2-7]{5}", code) for code in codes)
    assert factors.code_hash(codes[0]) == factors.code_hash(codes[0].upper().replace("-", " "))
    assert factors.code_hash(codes[0]) != factors.code_hash(codes[1])


def test_the_key_of_an_app_has_160_bits() -> None:
    assert re.fullmatch(r"[A-Z2-7]{32}", factors.new_secret())
