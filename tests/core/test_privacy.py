"""Sealing and the blind index (rel-P2, P3)."""

import pytest

from chengjiu_mp.core.privacy import Keys, Unsealable, Vault

OLD, NEW, INDEX = b"a" * 32, b"b" * 32, b"i" * 32


def _vault(**data: bytes) -> Vault:
    return Vault(Keys(data=data, current=max(data), index=INDEX))


def test_a_sealed_value_opens_in_its_place_only():
    vault = _vault(key1=OLD)
    sealed = vault.seal("32028119850615004X", place="person.doc_number", row="r1")
    assert vault.open(sealed, place="person.doc_number", row="r1") == "32028119850615004X"
    for place, row in (("person.doc_number", "r2"), ("contact.phone", "r1")):
        with pytest.raises(Unsealable):
            vault.open(sealed, place=place, row=row)


def test_the_same_value_never_seals_the_same_and_never_shows():
    vault = _vault(key1=OLD)
    one, two = (vault.seal("13800138000", place="a.b", row="r") for _ in range(2))
    assert one != two
    assert b"13800138000" not in one


def test_an_old_key_still_opens_after_a_new_one_seals():
    sealed = _vault(key1=OLD).seal("x", place="a.b", row="r")
    both = _vault(key1=OLD, key2=NEW)
    assert both.open(sealed, place="a.b", row="r") == "x"
    assert both.seal("x", place="a.b", row="r")[1:5] == b"key2"
    with pytest.raises(Unsealable):
        _vault(key2=NEW).open(sealed, place="a.b", row="r")


@pytest.mark.parametrize("byte", [0, 3, 9, 20, -1])
def test_a_damaged_value_does_not_open(byte):
    vault = _vault(key1=OLD)
    sealed = bytearray(vault.seal("x", place="a.b", row="r"))
    sealed[byte] ^= 1
    with pytest.raises(Unsealable):
        vault.open(bytes(sealed), place="a.b", row="r")


def test_the_index_is_equal_for_equals_and_keyed():
    vault = _vault(key1=OLD)
    assert vault.index("phone", "1") == vault.index("phone", "1") != vault.index("idno", "1")
    other = Vault(Keys(data={"key1": OLD}, current="key1", index=b"j" * 32))
    assert vault.index("phone", "1") != other.index("phone", "1")
    assert len(vault.index("phone", "1")) == 32
