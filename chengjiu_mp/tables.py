"""Every table, imported once so that the metadata is whole whatever is used first."""

import importlib

SLICES = (
    "core", "units", "people", "wechat", "outbox", "signin", "venues", "instructors", "courses", "lists", "checkin",
    "exams", "certificates",
)  # fmt: skip
# Tables of a slice that stand in a module of their own beside its ``models``.
BESIDE = (
    "courses.change_models", "courses.series_models", "checkin.device_models", "checkin.wall_models",
    "checkin.record_models", "checkin.attended_models",
    "exams.exemption_models", "exams.review_models",
    "certificates.earlier_models", "certificates.request_models", "certificates.phone_models",
    "certificates.template_models", "certificates.printing_models", "certificates.delivery_models",
    "certificates.series_models", "certificates.void_models", "certificates.waiting_models",
    "certificates.handover_models",
)  # fmt: skip


def load() -> None:
    """Import the models of every slice that has tables."""
    for name in (*(f"{one}.models" for one in SLICES), *BESIDE):
        importlib.import_module(f"chengjiu_mp.{name}")
