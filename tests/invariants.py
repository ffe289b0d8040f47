"""What must hold in every committed snapshot, as SQL that both databases read; each query returns the rows that break it."""

from sqlalchemy import text

from chengjiu_mp.core.db import db

QUERIES = {
    "S1 taken is the number of seats held, within capacity": """
        select p.id from seat_pool p
        where p.taken <> (select count(*) from signup s where s.pool_id = p.id and s.state in ('confirmed', 'offered'))
           or p.taken < 0 or p.taken > p.capacity""",
    "S1 waiting is the number of people in line": """
        select p.id from seat_pool p
        where p.waiting <> (select count(*) from signup s where s.pool_id = p.id and s.state = 'waitlisted')""",
    "S2 no seat is idle while anyone waits": """
        select p.id from seat_pool p join course_run r on r.id = p.run_id
        where p.waiting > 0 and p.taken < p.capacity and r.state = 'published'""",
    "S3 one live place per person and run": """
        select run_id, person_id from signup where state in ('pending', 'confirmed', 'waitlisted', 'offered')
        group by run_id, person_id having count(*) > 1""",
    "S4 positions are below the pool's next and unique": """
        select s.id from signup s join seat_pool p on p.id = s.pool_id
        where s.position is not null and s.position >= p.next_position""",
    "C1 a check-in is its earliest accepted scan that stands": """
        select c.id from check_in c join scan s on s.id = c.scan_id
        where s.verdict not in ('accepted', 'already') or s.signup_id <> c.signup_id or s.meeting_id <> c.meeting_id
           or exists (select 1 from scan a where a.annuls_id = s.id)""",
    "C1 attended means checked in somewhere": """
        select s.id from signup s where s.outcome = 'attended'
        and not exists (select 1 from check_in c where c.signup_id = s.id)""",
    "E1 a result belongs to somebody present": """
        select e.id from exam_result e join signup s on s.id = e.signup_id
        where e.outcome <> 'incomplete' and (s.outcome is null or s.outcome <> 'attended')""",
    "I9 a certificate has attendance, a pass and two people behind it": """
        select c.id from certificate c join signup s on s.id = c.signup_id
        left join exam_result e on e.signup_id = s.id and e.outcome = 'passed'
        left join submission m on m.run_id = c.run_id and m.state = 'confirmed' and m.confirmed_by <> m.submitted_by
        where s.outcome <> 'attended' or e.id is null or m.id is null""",
    "I9 numbers of a series are 1 to n without a gap": """
        select n.id from number_series n where n.last <>
        (select count(*) from certificate c where c.series_id = n.id)
        + (select count(*) from number_void v where v.series_id = n.id and v.certificate_id is null)
        + (select coalesce(sum(b.upto - b.next + 1), 0) from number_block b where b.series_id = n.id)
        - (select count(*) from number_void v join number_block b on b.series_id = v.series_id
           where v.series_id = n.id and v.sequence between b.next and b.upto)
        or exists (select 1 from certificate c where c.series_id = n.id and c.sequence > n.last)
        or exists (select 1 from number_void v where v.series_id = n.id and v.sequence > n.last)""",
    "I9 a void is nobody's number": """
        select v.id from number_void v left join certificate c on c.series_id = v.series_id and c.sequence = v.sequence
        where (c.id is null) <> (v.certificate_id is null) or c.id <> v.certificate_id or c.state <> 'revoked'""",
    "I9 who waits has no certificate, and no block reaches into another": """
        select w.id from waiting_number w join certificate c on c.signup_id = w.signup_id
        where w.state = 'waiting' and c.state = 'issued'
        union select a.id from number_block a join number_block b on a.series_id = b.series_id and a.id < b.id
        where a.first <= b.upto and b.first <= a.upto""",
    "N36 a test certificate counts nowhere and gives nobody anything": """
        select c.id from certificate c join number_series n on n.id = c.series_id
        where c.is_test and (c.counted or n.mode <> 'test')
        union select c.id from certificate c join attainment a on a.source = 'certificate:' || c.id where c.is_test""",
    "I9 no number is both ours and an earlier certificate's": """
        select e.id from earlier_certificate e join certificate c on c.number = e.number""",
    "I9 every earlier certificate came with an import that left its trace": """
        select b.id from earlier_batch b where not exists
        (select 1 from audit_entry a where a.object_type = 'earlier_batch' and a.object_id = b.id
         and a.action = 'earlier_certificates.imported')
        or (b.withdrawn_at is not null and exists (select 1 from earlier_certificate e where e.batch_id = b.id))""",
    "I10 a finished picture has a file and its hash": """
        select id from certificate_version
        where (picture_state = 'ready') <> (file is not null and sha256 is not null and font_set is not null)""",
    "N7 nothing is left to decide about a certificate that ended": """
        select q.id from certificate_request q join certificate c on c.id = q.certificate_id
        where c.state = 'revoked' and q.state in ('asked', 'proposed')""",
    "J4 no job tried more than five times": "select id from job where attempts > 5",
    "R1 one reminder per instructor, due date and stage": """
        select instructor_id from refresher_reminder group by instructor_id, due_on, stage having count(*) > 1""",
    "P6 nobody under 14 holds a place without a guardian's word": """
        select s.id from signup s join course_run r on r.id = s.run_id
        left join guardian_consent g on g.id = s.guardian_consent_id and g.person_id = s.person_id
        where s.needs_guardian and s.state in ('confirmed', 'offered', 'waitlisted')
          and (g.given_at is null or (g.withdrawn_at is not null and g.withdrawn_at < r.starts_at and s.outcome is null))""",
    "P6 every sign-up has its consents": """
        select s.id from signup s where (select count(*) from consent c where c.signup_id = s.id) < 2""",
    "L1 every sign-up, issue and close left its trace": """
        select s.id from signup s where not exists
        (select 1 from audit_entry a where a.object_type = 'signup' and a.object_id = s.id)
        union select c.id from certificate c where not exists
        (select 1 from audit_entry a where a.object_type = 'certificate' and a.object_id = c.id)
        union select r.id from course_run r where r.state = 'closed' and not exists
        (select 1 from audit_entry a where a.object_type = 'course_run' and a.object_id = r.id and a.action = 'run.closed')""",
}


def broken() -> dict[str, list[int]]:
    """Return the invariants that do not hold now, with the ids of up to five rows that break each."""
    found = {name: [row[0] for row in db.session.execute(text(sql)).fetchmany(5)] for name, sql in QUERIES.items()}
    db.session.rollback()
    return {name: ids for name, ids in found.items() if ids}
