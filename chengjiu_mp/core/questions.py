"""Asking a person for a word, so that nobody is refused: a sealed challenge, bound to who was asked and to its time.

Nothing is stored until an answer is used; then the challenge opens nothing a second time.
"""

import secrets
import unicodedata
from dataclasses import dataclass

from chengjiu_mp.core import clock, limits, privacy
from chengjiu_mp.core.question_pool import POOL

LIFE_SECONDS = 1800

_PLACE = "question.challenge"
_FIGURES = str.maketrans("零〇一二两三四五六七八九", "001223456789")
# What people write around a right answer.
_BEFORE, _AFTER = (
    ("答案是", "我选", "应该是", "等于", "是"),
    ("轮子", "手指", "季节", "天", "月", "根", "只", "条", "的", "个"),
)


@dataclass(frozen=True)
class Asked:
    """What goes out: the question in words, and the challenge to send back with the answer."""

    text: str
    challenge: str


@dataclass(frozen=True)
class Opened:
    """A challenge that is ours, meant for this caller, and not over."""

    number: int
    nonce: str

    @property
    def text(self) -> str:
        return POOL[self.number].text

    def is_answered_by(self, said: str) -> bool:
        """Return whether ``said`` is right, in figures or Chinese numerals, with or without spaces."""
        return plain(said) in {plain(answer) for answer in POOL[self.number].answers}


def ask(who: str) -> Asked:
    """Return a question for ``who`` (a device, a network), another one each time."""
    number, ends = secrets.randbelow(len(POOL)), int(clock.now().timestamp()) + LIFE_SECONDS
    sealed = privacy.seal(f"{ends}|{number}|{secrets.token_hex(8)}", place=_PLACE, row=who)
    return Asked(POOL[number].text, sealed.hex())


def opened(challenge: str, who: str) -> Opened | None:
    """Return what a challenge holds; None when it is over, somebody else's, or none of ours."""
    try:
        ends, number, nonce = privacy.unseal(bytes.fromhex(challenge), place=_PLACE, row=who).split("|")
    except (ValueError, privacy.Unsealable):
        return None
    return Opened(int(number), nonce) if int(ends) > clock.now().timestamp() else None


def use_up(found: Opened) -> bool:
    """Take the challenge in the current transaction; return whether it was still there to take."""
    return limits.use_up(f"question:{found.nonce}", LIFE_SECONDS)


def plain(said: str) -> str:
    """Return an answer without what does not matter: spaces, marks, the words around it, how figures are written."""
    text = "".join(c for c in unicodedata.normalize("NFKC", said) if c.isalnum())
    for word in _BEFORE:
        text = text.removeprefix(word)
    for word in _AFTER:
        text = text.removesuffix(word) or text
    return _figures(text.translate(_FIGURES))


def _figures(text: str) -> str:
    """Read 十 after figures were put for the numerals: 十 is 10, 十2 is 12."""
    if text.startswith("十"):
        return "1" + (text[1:] or "0")
    return text
