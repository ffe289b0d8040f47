"""What people are told of their examination."""

from chengjiu_mp.core.site import site


def failed(run: str, link: str, *, again: bool) -> str:
    """Return the words that tell somebody that they did not pass; neither name nor points, a phone may change hands.

    :param again: whether a re-sit is left
    """
    what_now = "可以补考，点这里看哪几项、怎么补" if again else "欢迎再报一场，点这里看结果"
    return site().signed(f"“{run}”的考核这次没有合格。{what_now}：{link}")
