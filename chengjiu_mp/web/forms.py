"""What page forms share."""

from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.parsing import Invalid

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
        sentence = f"{sentence.rstrip('。')}（约 {refusal.facts['retry_after']} 秒后可以再试）。"
    return {refusal.field or fallback: sentence}
