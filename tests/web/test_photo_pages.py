"""证书照片: sent by the holder or by staff, drawn anew, printed on one certificate, gone with the person's data."""

import base64
import io
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from chengjiu_mp.certificates import holder_photos, templates
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.rendering import face_of
from chengjiu_mp.certificates.template import BUILT_IN, Box, Line
from chengjiu_mp.certificates.template_models import HolderPhoto
from chengjiu_mp.certificates.versions import newest_version, verify_path
from chengjiu_mp.core import privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.storage import media
from chengjiu_mp.courses.erasing import erase_signups
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.reports import retention
from tests import exams_rows as rows
from tests import factories, issued
from tests.web.test_own_data_pages import opened

WITH_PHOTO = replace(BUILT_IN, name=Box(38, 82, 195, 20), photo=Line(242, 75))


@pytest.fixture
def hall(app: Flask) -> tuple[int, int, str, dict[str, str]]:
    """A design with a place for a picture; run, sign-up and ticket of one who came; an operator."""
    with factories.made():
        run = rows.past_run()
        one = rows.attended(run, "张三")
        rows.result(one)
        rows.submitted(run)
        made = run.id, one.id, f"/i/{factories.ticket(one)}", factories.bearer("operator")
    with unit_of_work():
        row = templates.draft(Principal())
        templates.save(row, WITH_PHOTO, revision=1, emblem_id=None)
        templates.publish(row, Principal(), seen=True, revision=2)
    return made


def a_picture(color: str = "navy", size: tuple[int, int] = (900, 1200), fmt: str = "JPEG") -> io.BytesIO:
    out = io.BytesIO()
    picture = Image.new("RGB", size, color)
    exif = picture.getexif()
    exif[0x010F] = "SecretCamera"
    picture.save(out, fmt, exif=exif)
    out.seek(0)
    return out


def by_staff(client: Any, hall: Any, picture: io.BytesIO) -> Any:
    run_id, signup_id, _, operator = hall
    url = f"/console/runs/{run_id}/photos/{signup_id}"
    return client.post(url, data={"photo": (picture, "me.jpg")}, headers=operator)


def by_holder(client: Any, ticket: str, picture: io.BytesIO) -> Any:
    page = client.get(f"{ticket}/photo").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    return client.post(f"{ticket}/photo", data={"csrf_token": token, "photo": (picture, "me.jpg")})


def kept() -> HolderPhoto:
    return db.session.scalars(select(HolderPhoto).execution_options(populate_existing=True)).one()


def test_a_holder_sends_a_picture_and_it_is_drawn_anew(client: Any, hall: Any) -> None:
    _, signup_id, ticket, _ = hall
    assert "传一张二寸照，印在证书上" in client.get(ticket).text
    assert by_holder(client, ticket, a_picture()).status_code == 303
    data = holder_photos.photo_of(signup_id) or b""
    with Image.open(io.BytesIO(data)) as portrait:
        assert (portrait.size, portrait.format, dict(portrait.getexif())) == ((413, 579), "JPEG", {})
    assert b"SecretCamera" not in data
    assert client.get(f"{ticket}/photo.jpg").data == data
    assert kept().account_id is None


def test_it_is_printed_and_then_fixed_and_nobody_else_sees_it(app: Flask, client: Any, hall: Any) -> None:
    run_id, signup_id, ticket, _ = hall
    assert by_staff(client, hall, a_picture("maroon")).status_code == 303
    with factories.made():
        by = issued.approver()
    with unit_of_work():
        confirm(run_id, by)
    version = newest_version(db.session.scalars(select(Certificate.id)).one())
    assert face_of(version).photo == holder_photos.photo_of(signup_id)
    path = verify_path(version)
    refused = by_staff(client, hall, a_picture("green"))
    assert (refused.status_code, "照片不能再换" in refused.text) == (409, True)
    seen = app.test_client().get(path).text
    assert "photo" not in seen
    assert "<img" not in seen
    assert "传一张二寸照" not in client.get(ticket).text


@pytest.mark.parametrize(
    ("picture", "code", "words"),
    [(a_picture(size=(100, 140)), 422, "照片太小了"), (io.BytesIO(b"GIF89a" + b"0" * 40), 422, "只收 JPEG 和 PNG"),
     ],
    ids=["small", "gif"],
)  # fmt: skip
def test_what_cannot_be_printed_is_said(client: Any, hall: Any, picture: Any, code: int, words: str) -> None:
    reply = by_staff(client, hall, io.BytesIO(picture.getvalue()))
    assert (reply.status_code, words in reply.text) == (code, True)


def test_another_picture_takes_its_place_and_the_same_one_stays(client: Any, hall: Any) -> None:
    assert by_staff(client, hall, a_picture("navy")).status_code == 303
    first = kept().file
    assert by_staff(client, hall, a_picture("navy")).status_code == 303
    assert media().path(first).exists()
    assert by_staff(client, hall, a_picture("olive")).status_code == 303
    assert kept().file != first
    assert not media().path(first).exists()


def test_it_is_in_the_persons_own_data(client: Any, hall: Any) -> None:
    by_staff(client, hall, a_picture())
    signup = db.session.get_one(Signup, hall[1])
    phone = privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid)
    file = media().get(kept().file)
    db.session.rollback()
    page = opened(client, phone)
    assert "1 张" in page and "/me/data/my-data.zip" in page
    copy = client.get("/me/data/my-data.json").json["people"][0]["photos"]
    assert [(one["signup_id"], base64.b64decode(one["jpeg"])) for one in copy] == [(hall[1], file)]
    reply = client.get("/me/data/my-data.zip")
    assert (reply.mimetype, reply.headers["Cache-Control"]) == ("application/zip", "private, no-store")
    with zipfile.ZipFile(io.BytesIO(reply.data)) as archive:
        assert archive.read(f"照片-报名{hall[1]}.jpg") == file
        assert "照片-报名" in archive.read("说明.txt").decode()
        with zipfile.ZipFile(io.BytesIO(archive.read("我的信息.xlsx"))) as book:
            assert f"照片-报名{hall[1]}.jpg" in book.read("xl/sharedStrings.xml").decode()


def test_who_sent_none_is_offered_no_archive(client: Any, hall: Any) -> None:
    signup = db.session.get_one(Signup, hall[1])
    phone = privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid)
    db.session.rollback()
    assert "my-data.zip" not in opened(client, phone)


def test_it_goes_with_the_data(client: Any, hall: Any) -> None:
    _, signup_id, ticket, _ = hall
    assert by_staff(client, hall, a_picture()).status_code == 303
    file = kept().file
    with unit_of_work():
        erase_signups([signup_id])
        holder_photos.forget_photos([signup_id])
    assert db.session.scalars(select(HolderPhoto)).all() == []
    assert not media().path(file).exists()
    assert by_staff(client, hall, a_picture()).status_code == 404
    assert client.get(f"{ticket}/photo.jpg").status_code == 404


def test_the_nights_purge_takes_it_too(client: Any, hall: Any, frozen: Any) -> None:
    assert by_staff(client, hall, a_picture()).status_code == 303
    frozen.now = frozen.now.replace(year=2036)
    with unit_of_work():
        steps = dict(retention.STEPS)
        steps["signups"]()
    assert db.session.scalars(select(Signup.erased_at)).one() is not None
    assert db.session.scalars(select(HolderPhoto)).all() == []


def test_where_the_design_has_no_place_nothing_is_asked(client: Any, hall: Any) -> None:
    _, _, ticket, _ = hall
    with unit_of_work():
        templates.retire(templates.all_templates()[0])
    assert "传一张二寸照" not in client.get(ticket).text
    assert client.get(f"{ticket}/photo").status_code == 404
    assert by_staff(client, hall, a_picture()).status_code == 409


def test_staff_of_other_offices_see_none(client: Any, hall: Any) -> None:
    run_id, signup_id, _, _ = hall
    assert by_staff(client, hall, a_picture()).status_code == 303
    with factories.made():
        other = factories.bearer("operator", unit_code="huashi")
        auditor = factories.bearer("auditor")
    url = f"/console/runs/{run_id}/photos/"
    assert client.get(f"{url}{signup_id}.jpg", headers=other).status_code == 404
    assert client.get(url, headers=auditor).status_code == 403
