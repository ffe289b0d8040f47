"""Every sealed column has an end: whoever adds one says here what becomes of it when a person is erased."""

from typing import Any

from chengjiu_mp.core.db import db

ENDS = {
    "account.phone_sealed": "closed with the trainee's account; staff keep theirs while they act",
    "certificate_delivery.address_sealed": "gone once delivered, 30 days after it was given, and with the person",
    "certificate_version.token_sealed": "stays: verifying goes on",
    "contact.phone_sealed": "erased with the person",
    "course_run.token_sealed": "no person's",
    "device_invitation.token_sealed": "no person's; deleted with the sessions' period",
    "guardian_consent.name_sealed": "erased with the child's sign-up",
    "guardian_consent.phone_sealed": "erased with the child's sign-up",
    "guardian_consent.token_sealed": "erased with the child's sign-up",
    "idempotency_key.body_sealed": "deleted by night",
    "instructor.phone_sealed": "stays: the register of instructors",
    "message.body_sealed": "erased with what it is about, and by night",
    "message.phone_sealed": "erased with what it is about, and by night",
    "person.doc_sealed": "erased with the person",
    "phone_change.phone_sealed": "gone once decided, after some days without an answer, and with the person",
    "poster_link.token_sealed": "no person's",
    "provisional_check_in.phone_sealed": "gone once the person says who they are, asks, or nobody does for the period",
    "provisional_check_in.token_sealed": "stays: the link says that it is over",
    "signing_key.private_sealed": "no person's; gone when the key is retired",
    "unit_list.token_sealed": "no person's",
    "unit_list_line.cells_sealed": "erased with the sign-up, and 30 days after the upload",
    "unit_list_row.name_sealed": "erased with the sign-up, or with the run that the named person never joined",
    "unit_list_row.phone_sealed": "gone once the person signs up",
    "unit_list_upload.head_sealed": "30 days after the upload; column names",
    "signup.phone_sealed": "erased with the sign-up",
    "signup.ticket_sealed": "erased with the sign-up",
    "wechat_binding.openid_sealed": "deleted with the trainee's account; staff keep theirs while they act",
    "wechat_token.token_sealed": "no person's; lives two hours",
}


def sealed_columns() -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for table in db.metadata.sorted_tables
        for column in table.columns
        if column.name.endswith("_sealed")
    }


def test_every_sealed_column_has_its_end(app: Any) -> None:
    assert sealed_columns() == set(ENDS), (
        "erase it (reports/erasure.py, reports/retention.py), export it, and say so here"
    )
