"""The proof of check-ins: its plan, what it makes of a run, and what it would notice."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core.db import db, unit_of_work
from devtools import prove_checkin as proof
from devtools.prove_checkin_plan import PHONES, planned
from devtools.prove_checkin_runs import Teachers, open_run, read_run


def test_the_plan_covers_what_phones_do():
    plan = planned()
    assert len(plan.scans) == len({scan.nonce for scan in plan.scans}) == 300
    assert {scan.phone for scan in plan.scans} == set(PHONES)
    times = [[scan.at for scan in plan.scans if scan.ticket == who] for who in plan.winners]
    assert sum(len(of) == 2 and of[0] == of[1] for of in times) == 10
    assert sum(len(of) == 2 and of[0] != of[1] for of in times) == 60
    assert len(plan.refused) == 60
    # A person's winner is decided by time before nonce, and neither is the order of the plan.
    order = [scan.nonce for scan in plan.scans]
    assert order != sorted(order)


@pytest.fixture
def carried_out(app, client):
    """The plan carried out in two runs, in different orders; the venue of the last, and what came of both."""
    plan, teachers, found = planned(), Teachers.made(), []
    for number in range(2):
        venue = open_run(plan, teachers)
        chance = random.Random(number)
        for phone, token in zip(PHONES, teachers.tokens, strict=True):
            for scans in proof._uploads(plan, phone, venue, chance):
                path, headers = f"/api/v1/runs/{venue.run_id}/scans", {"Authorization": f"Bearer {token}"}
                assert client.post(path, json={"scans": scans}, headers=headers).status_code == 200
        found.append(read_run(plan, venue))
    return plan, venue, found


def test_every_order_leads_to_the_same_right_end_and_a_flaw_is_noticed(carried_out):
    plan, venue, (first, second) = carried_out
    assert first.state == second.state
    for found in (first, second):
        assert (found.lost, found.doubled, found.wrong) == (0, 0, 0)
        assert len(found.winners) == len(plan.winners)
    with unit_of_work():
        here = db.session.scalars(select(CheckIn).where(CheckIn.run_id == venue.run_id)).all()
        here[0].first_at += timedelta(seconds=1)
        db.session.delete(here[1])
        refused = select(Scan.id).where(Scan.run_id == venue.run_id, Scan.verdict == "refused").limit(1)
        db.session.execute(update(Scan).where(Scan.id.in_(refused)).values(verdict="already"))
    flawed = read_run(plan, venue)
    assert (flawed.lost, flawed.wrong) == (1, 2)
    assert flawed.state != first.state


def test_answers_are_held_against_the_record(carried_out):
    _, _, (_, found) = carried_out
    nonce, verdict = next(iter(found.verdicts.items()))
    other = "refused" if verdict != "refused" else "accepted"
    replies = [(200, [{"nonce": nonce, "verdict": verdict}]), (200, [{"nonce": nonce, "verdict": other}]), (503, [])]
    assert proof._faults(replies, found) == 2


@pytest.mark.parametrize(
    ("flaw", "well"),
    [({}, True), ({"distinct_end_states": 2}, False), ({"lost": 1}, False), ({"doubled": 1}, False),
     ({"wrong": 1}, False), ({"errors": 1}, False), ({"permutations": 19}, False)],
)  # fmt: skip
def test_only_one_right_end_of_all_orders_is_a_proof(flaw, well):
    outcome = proof.Outcome("sqlite", **{"permutations": 20, "distinct_end_states": 1, **flaw})
    assert proof.right(outcome, 20) is well
