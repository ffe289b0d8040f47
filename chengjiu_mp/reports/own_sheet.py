"""One's own data as a sheet that a person can read: one line per fact."""

import base64
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from chengjiu_mp.certificates.states import WORDS as CERTIFICATES
from chengjiu_mp.core import spreadsheet
from chengjiu_mp.core.day_words import date_long, day_time_long
from chengjiu_mp.exams.scheme import WORDS as RESULTS

SIGNUPS = {
    "pending": "待确认", "confirmed": "已报上", "waitlisted": "候补中", "offered": "待确认", "withdrawn": "已取消",
    "lapsed": "未排到", "refused": "未通过", "moved": "已换场", "run_cancelled": "场次取消",
}  # fmt: skip
OUTCOMES = {"attended": "已签到", "absent": "未到场"}
CHANNELS = {"page": "网页", "api": "程序接口", "desk": "现场", "import": "单位导入"}
_COLUMNS = ["姓名", "类别", "项目", "内容", "时间"]
_README = """这是截至 {made} 保存的您的信息。
我的信息.xlsx：报名、签到、考核、证书、同意记录和消息，一行一件事。
照片-报名….jpg：您为证书上传的照片，文件名里的数字就是表格里的报名号。
照片只印在您自己的证书上；删除个人信息时一起删掉。请妥善保管本压缩包，不要转发。
"""
Line = list[str | int | None]


def sheet_of(export: dict[str, Any]) -> bytes:
    """Return an xlsx of what :func:`chengjiu_mp.reports.own_data.export_of` returned."""
    lines = [[one["name_masked"], *line] for one in export["people"] for line in _lines(one)]
    return spreadsheet.write("我的信息", _COLUMNS, lines, above=f"截至 {day_time_long(export['made_at'])} 保存的信息")


def archive_of(export: dict[str, Any]) -> bytes:
    """Return a ZIP of the sheet, the pictures (照片-报名<id>.jpg) and a word on what is what."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("我的信息.xlsx", sheet_of(export))
        for person in export["people"]:
            for photo in person["photos"]:
                archive.writestr(photo_file(photo), base64.b64decode(photo["jpeg"]))
        archive.writestr("说明.txt", _README.format(made=day_time_long(export["made_at"])))
    return out.getvalue()


def photo_file(photo: dict[str, Any]) -> str:
    """Return a picture's name in the archive: nothing in it says whose it is."""
    return f"照片-报名{photo['signup_id']}.jpg"


def _lines(one: dict[str, Any]) -> Iterator[Line]:
    yield ["本人", "证件", f"{one['document_type']} {one['document_number'] or ''}".strip(), ""]
    if one["name_proved"]:
        yield ["本人", "核实过的姓名", one["name_proved"], ""]
    for phone in one["phones_proved"]:
        yield ["本人", "核实过的手机号", phone["phone"], _when(phone["proved_at"])]
    for signup in one["signups"]:
        yield from _signup(signup)
    for here in one["check_ins"]:
        yield from _check_in(here)
    for result in one["results"]:
        points = "、".join(f"{item} {points:g}" for item, points in result["points"].items())
        yield ["考核", f"报名 {result['signup_id']}", f"{RESULTS[result['outcome']]}（{points}）", ""]
    for certificate in one["certificates"]:
        yield from _certificate(certificate, "电子证书")
    for earlier in one["earlier_certificates"]:
        yield from _certificate(earlier, f"历史数据，来源：{earlier['source']}")
    for paper in one["papers"]:
        yield from _paper(paper)
    for consent in one["consents"]:
        yield from _consent(consent)
    yield from map(_photo, one["photos"])
    yield ["消息", "发过的消息", f"{one['messages']['count']} 条", ""]


def _photo(photo: dict[str, Any]) -> Line:
    return ["证书照片", f"报名 {photo['signup_id']}", photo_file(photo), _when(photo["uploaded_at"])]


def _signup(signup: dict[str, Any]) -> Iterator[Line]:
    about, state = f"报名 {signup['id']}", SIGNUPS[signup["state"]]
    yield ["报名", about, f"{signup['title']}（{signup['kind']}），{signup['venue']}", _when(signup["starts_at"])]
    yield ["报名", f"{about} 的状态", OUTCOMES.get(signup["outcome"] or "", state), _when(signup["ended_at"])]
    typed = " ".join(filter(None, (signup["name"], signup["latin_name"], signup["phone"])))
    yield ["报名", f"{about} 填写的姓名和手机号", typed, _when(signup["signed_up_at"])]


def _check_in(here: dict[str, Any]) -> Iterator[Line]:
    yield ["签到", f"报名 {here['signup_id']}", "已签到", _when(here["checked_in_at"])]
    if here["left_at"]:
        yield ["签到", f"报名 {here['signup_id']}", "已签退", _when(here["left_at"])]


def _paper(paper: dict[str, Any]) -> Iterator[Line]:
    words = " ".join(filter(None, (paper["way"], paper["state"])))
    yield ["证书", f"{paper['number']} 的领取方式", words, _when(paper["chosen_at"])]
    if paper["address"]:
        to = " ".join((paper["recipient"], paper["phone"], paper["address"]))
        yield ["证书", f"{paper['number']} 的收件地址", to, ""]


def _certificate(certificate: dict[str, Any], what: str) -> Iterator[Line]:
    words = f"{certificate['kind']} {certificate['number']}，{CERTIFICATES[certificate['state']]}"
    until = f"有效期至 {_when(certificate['valid_until'])}" if certificate["valid_until"] else "长期有效"
    yield ["证书", what, f"{words}，{until}", _when(certificate["issued_on"])]


def _consent(consent: dict[str, Any]) -> Iterator[Line]:
    words = f"《{consent['title']}》第 {consent['version']} 版，{CHANNELS[consent['channel']]}"
    yield ["同意", consent["purpose"], words, _when(consent["given_at"])]
    if consent["withdrawn_at"]:
        yield ["同意", f"{consent['purpose']} 已撤回", words, _when(consent["withdrawn_at"])]


def _when(moment: date | datetime | None) -> str:
    if moment is None:
        return ""
    return day_time_long(moment) if isinstance(moment, datetime) else date_long(moment)
