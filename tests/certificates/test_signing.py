"""The second code: what is signed, by which key, in which transaction, and what no longer stands."""

import json
import random
import re
import threading
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
import qrcode
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from chengjiu_mp.certificates import signing, states, versions
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate, CertificateVersion, SigningKey
from chengjiu_mp.certificates.signing_format import Claims, code_text
from chengjiu_mp.core import clock, context, site
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from tests import issued, signed

LIST = "/.well-known/jyrc-revoked.json"
KEYS = "/.well-known/jyrc-keys.json"


def public(client: Any) -> dict[str, str]:
    return {key["kid"]: key["public"] for key in client.get(KEYS).json["keys"]}


def listed(client: Any) -> list[Any]:
    said = signed.read(client.get(LIST).json["signed"], signed.LIST, public(client))
    assert said is not None
    return said


def claims(client: Any, text: str | None) -> list[Any]:
    assert text is not None
    said = signed.read(text, signed.CODE, public(client))
    assert said is not None
    return said


def revoke(one: Certificate) -> None:
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, one.id), "成绩登记有误")


def correct(one: Certificate, name: str) -> None:
    with unit_of_work():
        states.correct_name(db.session.get_one(Certificate, one.id), name, "录错")


def test_one_key_one_content_one_signature() -> None:
    """Codes on people's phones must stay readable: these bytes may never change under this version."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    said = Claims("01020304", bytes(range(32)), "JYA202600001", "cpr_aed", date(2026, 11, 23), date(2029, 11, 23),
                  "欧阳**", test=False)  # fmt: skip
    text = code_text(said, key)
    assert text == VECTOR
    assert signed.unbase(text)[:-64].decode() == (
        '[1,"01020304","AAECAwQFBgc","JYA202600001","cpr_aed",20261123,20291123,"欧阳**",0]'
    )


VECTOR = (
    "WzEsIjAxMDIwMzA0IiwiQUFFQ0F3UUZCZ2MiLCJKWUEyMDI2MDAwMDEiLCJjcHJfYWVkIiwyMDI2MTEyMywyMDI5MTEyMywi5qyn"
    "6ZizKioiLDBdkT_1G7szuYGU9Po5V-O2i59fB-dAAL_NWxP_uwh36ebjviAv-i4p0XdzYtUuazeqywAHc7wSdbee8Ku1XMriDA"
)


def test_what_a_code_says(client: Any, app: Flask) -> None:
    one = issued.issue("欧阳娜娜")[0]
    version, code = issued.version_of(one), issued.token(one)
    assert claims(client, version.signed) == [
        1, version.kid, signed.short(code), "JYA202600001", "cpr_aed", 20261123, 20291123, "欧阳**", 0,
    ]  # fmt: skip
    assert signing.code_url(version) == f"http://127.0.0.1:8000/v/{code}#s={version.signed}"


def test_a_test_certificate_says_so(client: Any, app: Flask) -> None:
    run, by = issued.ready_run()
    with unit_of_work():
        (one,) = confirm(run.id, by, mode="test")
    assert claims(client, issued.version_of(one).signed)[-1] == 1


def test_no_personal_data_in_it(client: Any, app: Flask) -> None:
    one = issued.issue("欧阳娜娜")[0]
    text = signed.unbase(issued.version_of(one).signed or "")[:-64].decode()
    assert "娜" not in text
    assert issued.token(one) not in text
    # Of digits there are its key, its number and two days: nothing that a document's number could stand in.
    assert len(re.findall(r"\d{6,}", text.replace(one.number, "").replace(issued.version_of(one).kid or "", ""))) == 2


@pytest.mark.parametrize(
    "name", ["张三", "欧阳娜娜", "迪丽热巴·迪力木拉提", "古丽·买买提", "JOHN WILLIAM ALEXANDER SMITH", "李" * 30]
)
def test_it_fits_a_code_that_any_camera_reads(app: Flask, name: str) -> None:
    url = signing.code_url(issued.version_of(issued.issue(name)[0]))
    assert url is not None
    assert version_of_code(url.replace("http://127.0.0.1:8000", "https://jiuhu.jiangyin.example.org.cn")) <= 12


def test_a_long_host_costs_the_token_and_not_the_code(app: Flask) -> None:
    version = issued.version_of(issued.issue()[0])
    before = site.site()
    site.use_site(site.Site(f"https://{'a' * 60}.example.org", ""))
    try:
        url = signing.code_url(version)
    finally:
        site.use_site(before)
    assert url is not None
    assert "/verify/offline#s=" in url


def version_of_code(text: str) -> int:
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(text)
    return int(code.best_fit())


def test_a_thousand_flips_are_all_refused(client: Any, app: Flask) -> None:
    text, keys = issued.version_of(issued.issue()[0]).signed or "", public(client)
    draw = random.Random(20261126)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    places = [draw.randrange(len(text)) for _ in range(1000)]
    flips = [(place, draw.choice(letters.replace(text[place], ""))) for place in places]
    # The last character has bits that base64 throws away.
    flips += [(len(text) - 1, letter) for letter in letters.replace(text[-1], "")]
    accepted = 0
    for place, other in flips:
        accepted += signed.read(text[:place] + other + text[place + 1 :], signed.CODE, keys) is not None
    assert accepted == 0
    assert signed.read(text, signed.CODE, keys) is not None


def test_a_code_is_no_list_and_a_list_no_code(client: Any, app: Flask) -> None:
    code = issued.version_of(issued.issue()[0]).signed or ""
    assert signed.read(code, signed.LIST, public(client)) is None
    assert signed.read(client.get(LIST).json["signed"], signed.CODE, public(client)) is None


def test_only_the_issuing_transaction_signs_and_a_rollback_leaves_nothing(app: Flask) -> None:
    """rel-V5: neither a picture nor a page makes a signature, and what did not happen was not signed."""
    run, by = issued.ready_run()
    with pytest.raises(RuntimeError), unit_of_work():
        confirm(run.id, by)
        assert signing.active_key() is not None
        raise RuntimeError
    assert db.session.scalars(select(SigningKey)).all() == []
    assert db.session.scalars(select(CertificateVersion)).all() == []


def test_what_was_issued_without_a_code_gets_none(client: Any, app: Flask) -> None:
    one = issued.issue()[0]
    with unit_of_work():
        version = versions.add_version(db.session.get_one(Certificate, one.id), "张三", version=2)
    issued.draw(one)
    assert client.get(f"/v/{issued.token(one)}").status_code == 200
    assert (issued.version_of(one).id, issued.version_of(one).signed) == (version.id, None)
    assert signing.code_url(issued.version_of(one)) is None


def test_many_certificates_are_signed_by_one_key_in_one_go(client: Any, app: Flask) -> None:
    made = issued.issue("张三", "李四", "王五")
    assert len({claims(client, issued.version_of(one).signed)[2] for one in made}) == 3
    (key,) = db.session.scalars(select(SigningKey)).all()
    assert (key.last_signed_on, key.created_on) == (clock.today(), clock.today())


def test_after_a_roll_yesterdays_certificate_still_verifies(client: Any, app: Flask, frozen: Any) -> None:
    version = issued.version_of(issued.issue("张三")[0])
    old, kid = version.signed, version.kid
    frozen.now += timedelta(days=1)
    with unit_of_work():
        fresh = signing.roll().kid
    new = issued.version_of(issued.issue("李四")[0])
    assert claims(client, old)[1] == kid != fresh
    assert claims(client, new.signed)[1] == new.kid == fresh
    assert listed(client)[1] == fresh
    first, second = client.get(KEYS).json["keys"]
    assert (first["retired_on"], second["retired_on"], first["leaked_on"]) == ("2026-11-24", None, None)


def test_issuing_and_rolling_at_once_leave_one_key_and_good_codes(client: Any, app: Flask) -> None:
    """The first certificates of a house and of a day, in two series, while somebody rolls."""
    work = [issued.ready_run("张三", kind=kind) for kind in ("cpr_aed", "junior", "cpr_aed", "junior")]
    start, failed = threading.Barrier(6), list[str]()

    def at_once(what: Callable[[], object]) -> None:
        with app.app_context():
            context.set_request("test", context.SYSTEM)
            start.wait()
            try:
                with unit_of_work():
                    what()
            except Exception as exc:  # noqa: BLE001  a thread's exception is nobody's
                failed.append(repr(exc))
            db.session.remove()

    deeds = [*(partial(confirm, run.id, by) for run, by in work), signing.roll, signing.roll]
    threads = [threading.Thread(target=at_once, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len([key for key in client.get(KEYS).json["keys"] if key["retired_on"] is None]) == 1
    assert len({claims(client, text)[2] for text in db.session.scalars(select(CertificateVersion.signed))}) == 4


def test_a_retired_key_cannot_sign_again(app: Flask) -> None:
    issued.issue()
    key = signing.active_key()
    assert key is not None
    with unit_of_work():
        signing.roll()
    gone = db.session.get_one(SigningKey, key.id)
    db.session.refresh(gone)
    assert gone.private_sealed is None
    with pytest.raises(ValueError, match="retired"):
        signing.private_key(gone)


def test_a_leaked_key_is_named_and_followed(client: Any, app: Flask) -> None:
    kid = issued.version_of(issued.issue()[0]).kid or ""
    with unit_of_work():
        assert signing.mark_leaked(kid)
        assert signing.mark_leaked(kid)
        assert not signing.mark_leaked("00000000")
    first, second = client.get(KEYS).json["keys"]
    assert (first["kid"], first["leaked_on"]) == (kid, "2026-11-23")
    assert second["retired_on"] is None


def test_there_is_never_a_second_active_key(app: Flask) -> None:
    issued.issue()
    with pytest.raises(IntegrityError), unit_of_work():
        db.session.add(SigningKey(
            uid="0" * 32, kid="00000000", public_key=b"", private_sealed=b"", created_on=clock.today()
        ))  # fmt: skip
        db.session.flush()


def test_only_this_algorithm(app: Flask) -> None:
    """rel-V2."""
    issued.issue()
    with pytest.raises(IntegrityError), unit_of_work():
        db.session.add(SigningKey(
            uid="0" * 32, kid="00000000", algorithm="HS256", public_key=b"", private_sealed=b"",
            created_on=clock.today(),
        ))  # fmt: skip
        db.session.flush()


def test_the_list_names_revoked_and_corrected_codes_at_once(client: Any, app: Flask) -> None:
    """rel-V4: what the next request gets is made from the rows of this moment."""
    first, second, third = issued.issue("张三", "李四", "王五")
    tokens = [issued.token(one) for one in (first, second)]
    assert listed(client)[4:] == [[], []]
    revoke(first)
    correct(second, "李思")
    assert listed(client)[4:] == [[signed.short(tokens[0])], [signed.short(tokens[1])]]
    revoke(second)
    revoked = listed(client)[4]
    assert set(revoked) == {signed.short(one) for one in (*tokens, issued.token(second))}
    assert signed.short(issued.token(third)) not in revoked


def test_the_list_lasts_a_day_and_is_not_kept_on_the_way(client: Any, app: Flask) -> None:
    issued.issue()
    now = int(clock.now().timestamp())
    assert listed(client)[2:4] == [now, now + 86_400]
    assert client.get(LIST).headers["Cache-Control"] == "no-store"
    assert client.get(KEYS).headers["Cache-Control"] == "public, max-age=3600"


def test_a_corrected_code_that_has_expired_leaves_the_list_and_a_revoked_one_stays(
    client: Any, app: Flask, frozen: Any
) -> None:
    first, second = issued.issue("张三", "李四")
    revoke(first)
    correct(second, "李思")
    frozen.now += timedelta(days=3 * 366)
    assert [len(some) for some in listed(client)[4:]] == [1, 0]


def test_before_the_first_certificate_there_is_no_list(client: Any, app: Flask) -> None:
    assert client.get(LIST).status_code == 404
    assert client.get(KEYS).json["keys"] == []


def test_no_private_half_leaves_the_house(client: Any, app: Flask) -> None:
    issued.issue()
    key = signing.active_key()
    assert key is not None
    private = signing.private_key(key).private_bytes_raw()
    text = json.dumps(client.get(KEYS).json) + client.get(LIST).text
    assert signed.unbase(client.get(KEYS).json["keys"][0]["public"]) == key.public_key
    assert private.hex() not in text
    assert private not in (key.private_sealed or b"")


def test_a_roll_is_in_the_audit_trail(app: Flask) -> None:
    issued.issue()
    with unit_of_work():
        signing.roll()
    actions = db.session.scalars(select(AuditEntry.action)).all()
    assert actions.count("signing_key.rolled") == 1
