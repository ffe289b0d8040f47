"""What holders are told."""

from datetime import date

from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.core.site import site

EXPIRING = "certificate.expiring"
# How states.py names what it tells: certificate.issued, certificate.revoked, certificate.corrected,
# "certificate.code_changed", "certificate.change_refused"; phone_desk.py tells "certificate.phone_left".


def issued(kind: str) -> str:
    """Return the words that tell a person of a new certificate; neither name nor number, a phone may change hands."""
    return site().signed(
        f"祝贺您通过{kind}考核！电子证书正在制作，一般不到一分钟。用本手机号查看：{site().link('/lookup')}"
    )


def revoked(kind: str) -> str:
    """Return the words that tell a person of a revocation."""
    return site().signed(f"您的{kind}证书已吊销。如有疑问，请致电 {site().help_phone}。")


def corrected(kind: str) -> str:
    """Return the words that tell a person of a corrected certificate."""
    return site().signed(
        f"您的{kind}证书姓名已更正，新的电子证书正在制作，原来的二维码不再使用。"
        f"用本手机号查看：{site().link('/lookup')}"
    )


def code_changed(kind: str) -> str:
    """Return the words that tell a person of another code on the same certificate."""
    return site().signed(
        f"您的{kind}证书已换新的二维码，编号和姓名不变，原来的二维码不再使用。用本手机号查看：{site().link('/lookup')}"
    )


def change_refused(kind: str) -> str:
    """Return the words that tell a person that a name was not corrected; the reason stands where only they read it."""
    return site().signed(
        f"您申请的{kind}证书姓名更正没有通过，证书照常有效。原因和下一步请用本手机号查看：{site().link('/lookup')}"
    )


def change_ended(kind: str, why: str) -> str:
    """Return the words that tell a person that a name is not corrected any more, because the certificate ended."""
    return site().signed(f"您申请的{kind}证书姓名更正不再办理：{why}。如有疑问，请致电 {site().help_phone}。")


def phone_left() -> str:
    """Return the words that tell an old number of its end; neither whose nor which one follows: it may have gone to a
    stranger.
    """
    return site().signed(
        "有一份证书登记原来留的是这个手机号，现在已在现场换成别的号码，以后的通知不再发到这里。"
        f"如果不是您办的，请致电 {site().help_phone}。"
    )


def expiring(kind: str, valid_until: date, *, shorter: bool = False) -> str:
    """Return the words that tell a person that a certificate ends soon, and where to take the course again.

    :param shorter: a refresher takes its holder now
    """
    how = "上一次复训班就能续证（比整班短），" if shorter else "想继续有效，再学一次就行，"
    return site().signed(
        f"您的{kind}证书{date_long(valid_until)}到期。{how}点这里看附近的班，资料不用重填：{site().link('/again/')}"
    )
