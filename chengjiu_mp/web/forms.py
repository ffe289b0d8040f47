"""What page forms share."""

from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import In, Invalid

# Fields of the form's own that no model knows.
# The word question's two are read where tries are counted.
IGNORED = frozenset({"csrf_token", "question_challenge", "question_answer"})


def errors(refusal: Refusal, fallback: str) -> dict[str, str]:
    """Return {field name: sentence} of a refusal; one that names no field stands at ``fallback``."""
    if isinstance(refusal, Invalid):
        found = {e["pointer"].strip("/").replace("/", "."): e["detail"] for e in refusal.errors}
        return {name or fallback: sentence for name, sentence in found.items()}
    sentence = refusal.sentence
    if "retry_after" in refusal.facts:
        sentence = f"{sentence.rstrip('。')}（约{wait_words(int(refusal.facts['retry_after']))}后可以再试）。"
    return {refusal.field or fallback: sentence}


def wait_words(seconds: int) -> str:
    """Return how long to wait as people say it: nobody counts to 3720."""
    if seconds < 90:
        return f" {seconds} 秒"
    return f" {-(-seconds // 60)} 分钟" if seconds < 5400 else f" {-(-seconds // 3600)} 小时"


def need(given: In, **sentences: str) -> None:
    """Let go on who filled in the named fields; ``sentences`` say what to do at each that was left empty.

    :raise Invalid: with all of them at once: what a browser would say of the first alone, in its own language
    """
    empty = {name: said for name, said in sentences.items() if not str(getattr(given, name) or "").strip()}
    if empty:
        raise Invalid([{"pointer": f"/{n}", "code": "missing", "detail": said} for n, said in empty.items()])
