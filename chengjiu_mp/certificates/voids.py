"""Numbers set aside: blocks for one unit's runs, and voids.

A void is a row, not a hole; it is never given again (rel-I9).
"""

from chengjiu_mp.certificates import delivery, issuing, numbering, states
from chengjiu_mp.certificates.errors import BlockClosed, BlockSize, NumberNotLeft, NumbersFromOutside
from chengjiu_mp.certificates.models import Certificate, NumberSeries
from chengjiu_mp.certificates.void_models import NumberBlock, NumberVoid
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.courses.models import CourseType

LARGEST_BLOCK = 2000


def void_certificate(certificate: Certificate, reason: str, by: Principal, *, again: bool) -> Certificate | None:
    """Void a certificate that was not handed out, and its number with it; return the one issued instead, if any.

    Its code reads 已吊销 from now on. Who may is the caller's to check (approvers alone).

    :param again: issue anew under another number at once; where numbers come from outside the person waits again
    :raise ReasonMissing: a reason of fewer than two characters; :raise NotStanding: it is revoked already
    """
    reason = states.reason_given(reason)
    states.revoke(certificate, f"作废：{reason}", quiet=again, ended="证书已作废，另发新证" if again else "证书已作废")
    void = NumberVoid(
        series_id=certificate.series_id, sequence=certificate.sequence, number=certificate.number,
        certificate_id=certificate.id, reason=reason, made_by=by.account_id,
    )  # fmt: skip
    _record(void, certificate.owner_unit_id)
    made = issuing.issue_again(certificate, by) if again else None
    if made is not None:
        delivery.follow(certificate, made)
    return made


def make_block(kind_id: int, year: int, unit_id: int, count: int, by: Principal) -> NumberBlock:
    """Set the next ``count`` numbers of a series aside for one unit's runs.

    :raise NotFound: no such kind; :raise BlockSize: none, or too many; :raise NumbersFromOutside: not ours to allot
    """
    kind = db.session.get(CourseType, kind_id)
    if kind is None:
        raise NotFound
    if not 1 <= count <= LARGEST_BLOCK:
        raise BlockSize(field="count")
    if numbering.rule_in_force(kind, year)[0] != numbering.LOCAL:
        raise NumbersFromOutside(field="kind")
    taken = numbering.allot(kind, year, count)
    series_id, first = taken.places[0]
    block = NumberBlock(
        series_id=series_id, unit_id=unit_id, first=first, upto=taken.places[-1][1], next=first, made_by=by.account_id
    )
    db.session.add(block)
    db.session.flush()
    audit.record("number_block.made", block, unit_id=unit_id, first=taken.numbers[0], last=taken.numbers[-1])
    return block


def close_block(block_id: int, reason: str, by: Principal) -> int:
    """Close a block; return how many numbers were voided.

    What is left goes back to the series when it is the series' end; else something was given after it, and each number
    becomes a void.

    :raise ReasonMissing: a reason of fewer than two characters; :raise NotFound: none; :raise BlockClosed: it is closed
    """
    reason = states.reason_given(reason)
    block, series = _hold(block_id)
    left, rest = numbering.left_of(block), list(range(block.next, block.upto + 1))
    given_back = bool(left) and left == rest and block.upto == series.last
    if given_back:
        series.last = block.upto = block.next - 1
    else:
        for sequence in left:
            _void(series, sequence, reason, block.unit_id, by)
    block.next = block.upto + 1
    block.closed_at, block.closed_by = clock.now(), by.account_id
    db.session.flush()
    voided = 0 if given_back else len(left)
    audit.record("number_block.closed", block, unit_id=block.unit_id, reason=reason, voided=voided)
    return voided


def void_number(block_id: int, number: str, reason: str, by: Principal) -> NumberVoid:
    """Void a number of a block that no certificate has: its paper is spoiled.

    :raise ReasonMissing: a reason of fewer than two characters; :raise NotFound, BlockClosed: the block
    :raise NumberNotLeft: not one that the block can still give
    """
    reason = states.reason_given(reason)
    block, series = _hold(block_id)
    left = {numbering.number_at(series, at): at for at in numbering.left_of(block)}
    if number not in left:
        raise NumberNotLeft(field="number")
    return _void(series, left[number], reason, block.unit_id, by)


def block_by_id(block_id: int) -> NumberBlock:
    """Return a block.

    :raise NotFound: there is none
    """
    block = db.session.get(NumberBlock, block_id)
    if block is None:
        raise NotFound
    return block


def _hold(block_id: int) -> tuple[NumberBlock, NumberSeries]:
    """Return a block and its series, the series' counter locked: nobody takes from either now."""
    series = numbering.lock_series(block_by_id(block_id).series_id)
    block = db.session.get_one(NumberBlock, block_id, populate_existing=True)
    if block.closed_at is not None:
        raise BlockClosed
    return block, series


def _void(series: NumberSeries, sequence: int, reason: str, unit_id: int, by: Principal) -> NumberVoid:
    number = numbering.number_at(series, sequence)
    void = NumberVoid(series_id=series.id, sequence=sequence, number=number, reason=reason, made_by=by.account_id)
    return _record(void, unit_id)


def _record(void: NumberVoid, unit_id: int) -> NumberVoid:
    db.session.add(void)
    db.session.flush()
    audit.record("certificate.number_voided", void, unit_id=unit_id, number=void.number, reason=void.reason)
    return void
