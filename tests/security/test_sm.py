"""The national algorithms give what their standards print."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.security import sm

KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")

# GB/T 32918.5, appendix A.2.
PRIVATE = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
PUBLIC = bytes.fromhex(
    "04"
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
MESSAGE = b"message digest"
NUMBER = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


@pytest.mark.rule("R7-051")
@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_gives_the_examples_of_the_standard(message: bytes, digest: str) -> None:
    assert sm.sm3(message).hex() == digest


@pytest.mark.rule("R7-051")
def test_sm4_gives_the_examples_of_the_standard() -> None:
    """GB/T 32907, appendix A: one block, and the same block a million times."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    block = Cipher(algorithms.SM4(KEY), modes.ECB()).encryptor()
    text = block.update(KEY)
    assert text.hex() == "681edf34d206965e86b3e94f536e4246"
    for _ in range(999_999):
        text = block.update(text)
    assert text.hex() == "595298c7c6fd271f0402f804c33d3f66"


def test_sm4_gcm_gives_the_example_of_rfc_8998() -> None:
    nonce = bytes.fromhex("00001234567800000000ABCD")
    aad = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = bytes.fromhex(
        "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
        "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
    )
    sealed = sm.Sm4(KEY).seal(nonce, aad, plain)
    assert sealed.hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert sm.Sm4(KEY).open(nonce, aad, sealed) == plain


@pytest.mark.rule("R7-051")
@pytest.mark.rule("R7-052")
def test_sm2_gives_the_example_of_the_standard() -> None:
    assert sm.public_of(PRIVATE) == PUBLIC
    assert sm.signer_digest(PUBLIC).hex().upper() == "B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3"
    digest = sm.message_digest(PUBLIC, MESSAGE)
    assert digest.hex().upper() == "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
    assert sm.sign_digest(PRIVATE, digest, NUMBER) == SIGNATURE
    assert sm.verify(PUBLIC, MESSAGE, SIGNATURE)


@pytest.mark.rule("R7-052")
@given(st.binary(min_size=40, max_size=40), st.binary(max_size=200), st.integers(0, 8 * 64 - 1))
def test_a_signature_holds_for_its_data_and_breaks_with_any_bit(random: bytes, data: bytes, bit: int) -> None:
    private = sm.private_of(random)
    public = sm.public_of(private)
    signature = sm.sign(private, data)
    assert sm.verify(public, data, signature)
    assert sm.sign(private, data) == signature
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not sm.verify(public, data, bytes(flipped))
    assert not sm.verify(public, data + b".", signature)
    assert not sm.verify(public, data, signature, signer=b"someone else")


@given(st.binary(min_size=40, max_size=40), st.binary(max_size=100))
def test_another_implementation_agrees(random: bytes, data: bytes) -> None:
    from gmssl.sm2 import CryptSM2

    private = sm.private_of(random)
    public = sm.public_of(private)
    other = CryptSM2(private_key=f"{private:064x}", public_key="")
    other.public_key = public[1:].hex()  # its constructor takes leading zeros and fours away
    assert other.verify(sm.sign(private, data).hex(), sm.message_digest(public, data))
    digest = sm.message_digest(public, data)
    made = bytes.fromhex(other.sign(digest, f"{NUMBER:064x}"))
    assert made == sm.sign_digest(private, digest, NUMBER)
    assert sm.verify(public, data, made)


def test_what_is_no_key_or_no_signature_is_refused() -> None:
    off = PUBLIC[:-1] + bytes([PUBLIC[-1] ^ 1])
    assert sm.point_of(off) is None
    assert sm.point_of(b"\4" + b"\xff" * 64) is None
    assert sm.point_of(PUBLIC[1:]) is None
    assert not sm.verify(off, MESSAGE, SIGNATURE)
    assert not sm.verify(PUBLIC, MESSAGE, SIGNATURE[:-1])
    assert not sm.verify(PUBLIC, MESSAGE, bytes(64))
    order = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
    assert not sm.verify(PUBLIC, MESSAGE, order.to_bytes(32, "big") + SIGNATURE[32:])
    # r + s = n: the sum that the standard refuses
    assert not sm.verify(PUBLIC, MESSAGE, (5).to_bytes(32, "big") + (order - 5).to_bytes(32, "big"))
    with pytest.raises(ValueError, match="40 random bytes"):
        sm.private_of(b"short")


@pytest.mark.parametrize("cipher", [sm.Sm4(KEY), sm.Aes(KEY * 2)])
@given(st.binary(max_size=300), st.integers(0, 10_000))
def test_sealed_bytes_open_where_they_belong_and_nowhere_else(
    cipher: sm.Sm4 | sm.Aes, plain: bytes, place: int
) -> None:
    nonce = bytes(12)
    sealed = cipher.seal(nonce, b"Patient/1", plain)
    assert cipher.open(nonce, b"Patient/1", sealed) == plain
    flipped = bytearray(sealed)
    flipped[place % len(sealed)] ^= 1
    for aad, text in ((b"Patient/2", sealed), (b"Patient/1", bytes(flipped)), (b"Patient/1", sealed[:15])):
        with pytest.raises(sm.Tampered):
            cipher.open(nonce, aad, text)


def test_hmac_sm3_is_the_construction_of_the_standard() -> None:
    inner, outer = bytes(b ^ 0x36 for b in KEY.ljust(64, b"\0")), bytes(b ^ 0x5C for b in KEY.ljust(64, b"\0"))
    assert sm.hmac_sm3(KEY, b"13800138000") == sm.sm3(outer + sm.sm3(inner + b"13800138000"))
    keyed = sm.Keyed(KEY)
    assert keyed.digest(b"a") == keyed.digest(b"a") != keyed.digest(b"b")
