"""What holders are told."""

from chengjiu_mp.core.site import site


def issued(kind: str) -> str:
    """Return the words that tell a person of a new certificate; neither name nor number, a phone may change hands."""
    return (
        f"【江阴红十字】祝贺您通过{kind}考核！电子证书正在制作，一般不到一分钟。"
        f"用本手机号查看：{site().link('/lookup')}"
    )


def revoked(kind: str) -> str:
    """Return the words that tell a person of a revocation."""
    return f"【江阴红十字】您的{kind}证书已吊销。如有疑问，请致电 {site().help_phone}。"


def corrected(kind: str) -> str:
    """Return the words that tell a person of a corrected certificate."""
    return (
        f"【江阴红十字】您的{kind}证书姓名已更正，新的电子证书正在制作，原来的二维码不再使用。"
        f"用本手机号查看：{site().link('/lookup')}"
    )
