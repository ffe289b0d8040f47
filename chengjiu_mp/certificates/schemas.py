"""Shapes of certificates, in and out."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from chengjiu_mp.core.parsing import Day, In, Out
from chengjiu_mp.people.documents import DocType

Words = Annotated[str, Field(min_length=1, max_length=200)]
# ``test`` is no state of a certificate: it was made to try things out and has no force.
ChangeKind = Literal["name", "leaked", "revoke", "void", "void_again"]
PublicState = Literal["valid", "expired", "revoked", "corrected", "test"]


class LookupIn(In):
    """``phone`` is where the code goes. The rest only counts against the limits: it opens nothing by itself."""

    phone: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(max_length=200)] = ""
    doc_type: Annotated[str, Field(max_length=30)] = ""
    doc_number: Annotated[str, Field(max_length=60)] = ""


class LookupStarted(Out):
    challenge_id: str


class LookupAnswer(In):
    """The code from the message, and the name as printed on the certificate."""

    challenge_id: Annotated[str, Field(max_length=60)]
    code: Annotated[str, Field(max_length=12)]
    name: Words


class CertificateOut(Out):
    """A certificate as its holder and staff see it; ``state_words`` is what people read. ``offline_url`` is what the
    second code holds, null for certificates without one.
    """

    id: int
    number: str
    kind: str
    state: PublicState
    state_words: str
    name: str
    issued_on: date
    valid_until: date | None
    picture: Literal["waiting", "ready", "missing_glyphs"]
    version: int
    image_url: str
    verify_url: str
    offline_url: str | None = None


class HolderPhotoOut(Out):
    """``jpeg`` is the file in base64."""

    signup_id: int
    uploaded_at: datetime
    jpeg: str


class EarlierOut(Out):
    """A certificate of an old ledger (历史数据), as its holder sees it: without a code and without a picture."""

    number: str
    kind: str
    state: PublicState
    state_words: str
    name: str
    issued_on: date
    valid_until: date | None
    source: str


class WaitingOut(Out):
    """Passed, without a number yet (待取号): it is fetched from outside, then the certificate is made."""

    kind: str
    passed_on: date
    words: str


class LookupOut(Out):
    """One's own certificates; ``pass_token`` and the keys in the addresses end after ``expires_in`` seconds."""

    certificates: list[CertificateOut]
    earlier: list[EarlierOut]
    waiting: list[WaitingOut]
    pass_token: str
    expires_in: int


class VerifyOut(Out):
    """What the public may know. ``type`` is the kind's name; ``revoked_on`` alone is said of a revocation, not why.

    ``source``: of an earlier certificate (历史数据), where it was registered; null for ours. ``newer_path``: of a
    corrected version, the public page of the one that is handed out now; null where the old code leaked.
    """

    state: PublicState
    state_words: str
    type: str
    number: str
    name_masked: str
    issued_on: date
    valid_until: date | None
    revoked_on: date | None = None
    test: bool = False
    source: str | None = None
    newer_path: str | None = None


class NameIn(In):
    name: Words


class NumberAndName(In):
    number: Annotated[str, Field(min_length=4, max_length=60)]
    name: Words


class NameMatch(Out):
    """``match`` alone when the name differs: the state belongs to who knows the name."""

    match: bool
    certificate: VerifyOut | None = None


class IssuedOut(Out):
    id: int
    number: str


class ConfirmedOut(Out):
    """``waiting``: how many of the run wait for a number from outside; their certificates follow its import."""

    certificates: list[IssuedOut]
    waiting: int = 0


class ChangeIn(In):
    """``kind``: name (another printed name), leaked (another code), revoke, void (never handed out; the number is used
    no more) or void_again (another one is issued instead). ``name`` and ``seen_*`` belong to ``name``: which document
    was seen, by whom, when.
    """

    kind: ChangeKind
    reason: Annotated[str, Field(min_length=2, max_length=200)]
    name: Annotated[str, Field(max_length=200)] = ""
    seen_document: DocType | None = None
    seen_by: Annotated[str, Field(max_length=60)] = ""
    seen_on: Day | None = None


class ChangeOut(Out):
    """A change that two people decide; ``due_on`` is the promised day."""

    id: int
    certificate_id: int
    kind: ChangeKind
    state: Literal["asked", "proposed", "approved", "refused"]
    new_name: str | None
    due_on: date
    decision: str
    made_version: int | None


class DecisionIn(In):
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class RevokeIn(In):
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class CorrectIn(In):
    name: Words
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class PictureQuery(In):
    """``key`` comes with a look-up's addresses."""

    key: Annotated[str, Field(max_length=300)] = ""


class LineIn(In):
    number: Annotated[str, Field(max_length=60)]
    name: Annotated[str, Field(max_length=200)]


class LinesIn(In):
    """At most 200 lines; more are 413."""

    lines: list[LineIn]


class LineOut(Out):
    """``code``: a public state with the name matching, test, or name_differs, unknown, year_incomplete, unreadable,
    later (this number was asked for too often). ``record`` is the line to keep, with its receipt.
    """

    number: str
    code: str
    words: str
    record: str


class LinesOut(Out):
    items: list[LineOut]


class RecordIn(In):
    record: Annotated[str, Field(min_length=1, max_length=500)]


class RecordOut(Out):
    """``ours``: we answered exactly this on that day; what the certificate is worth today it does not say."""

    ours: bool
