"""One sign at the head of every message: a provider approves one, and a citizen shall know one sender."""

import re
from datetime import date
from pathlib import Path

import pytest

import chengjiu_mp
from chengjiu_mp import create_app
from chengjiu_mp.certificates import messages as certificate_messages
from chengjiu_mp.core import privacy, site
from chengjiu_mp.core.db import unit_of_work
from chengjiu_mp.exams import messages as exam_messages
from chengjiu_mp.instructors import messages as instructor_messages
from chengjiu_mp.outbox import queries
from chengjiu_mp.signin import codes
from tests import factories, signups

PACKAGE = Path(chengjiu_mp.__file__).parent
SIGN = re.compile(r"^【[^】]+】")


def test_no_module_writes_a_sign_of_its_own():
    own = re.compile(r"【(?:澄救|江阴红十字)】")
    assert not [str(one) for one in PACKAGE.rglob("*.py") if own.search(one.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(
    "text",
    [
        lambda: certificate_messages.issued("CPR+AED"),
        certificate_messages.phone_left,
        lambda: certificate_messages.expiring("CPR+AED", date(2026, 12, 1)),
        lambda: exam_messages.failed("CPR", "http://x", again=True),
        lambda: instructor_messages.recorded("陈", date(2026, 12, 1)),
    ],
)
def test_every_kind_of_message_has_the_same_sign(app, text):
    assert text().startswith("【澄救】")
    assert len(SIGN.findall(text())) == 1


def test_the_provider_s_sign_stands_at_the_head_of_all(app, settings, twins):
    create_app(twins.connect(settings, CHENGJIU_SMS_SIGN="江阴红十字"))
    try:
        assert site.site().sign == "江阴红十字"
        assert certificate_messages.revoked("CPR+AED").startswith("【江阴红十字】")
    finally:
        create_app(settings)


def test_a_code_and_a_sign_up_come_from_one_sender(app):
    with factories.made():
        run_id = factories.run().id
    number = factories.phone()
    signups.signed(run_id, phone=number)
    with unit_of_work():
        codes.send_code(number, "signin")
    signs = {SIGN.findall(one.body)[0] for one in queries.messages_to(privacy.phone_index(number))}
    assert signs == {"【澄救】"}


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("请点开：http://a.cn/i/x不想来了也请说一声。", "【澄救】请点开：http://a.cn/i/x 不想来了也请说一声。"),
        ("入场码：http://a.cn/i/x。来不了请取消。", "【澄救】入场码：http://a.cn/i/x 来不了请取消。"),
        ("入场码：http://a.cn/i/x。", "【澄救】入场码：http://a.cn/i/x"),
        ("到场出示：http://a.cn/i/x 来不了请点：http://a.cn/i/x/excuse", None),
    ],
)
def test_no_phone_takes_what_follows_for_a_part_of_the_address(app, text, sent):
    assert site.site().signed(text) == (sent or f"【澄救】{text}")
