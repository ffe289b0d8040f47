"""Every blueprint and task module, in the order of the slices; a slice adds itself here and nowhere else."""

from flask import Flask

from chengjiu_mp import cli
from chengjiu_mp.certificates import api as certificates
from chengjiu_mp.certificates import delivery_api, result_api
from chengjiu_mp.certificates import pdf_api as certificate_pdf
from chengjiu_mp.certificates import request_api as certificate_request_api
from chengjiu_mp.certificates import tasks as certificate_tasks
from chengjiu_mp.checkin import api as checkin
from chengjiu_mp.checkin import attended_api as checkin_attended
from chengjiu_mp.checkin import device_api, wall_api
from chengjiu_mp.checkin import door_api as checkin_door
from chengjiu_mp.checkin import record_api as checkin_record
from chengjiu_mp.checkin import tasks as checkin_tasks
from chengjiu_mp.checkin.attendance import take_all_back
from chengjiu_mp.core.context import principal
from chengjiu_mp.courses import api as courses
from chengjiu_mp.courses import calendar_api, changes, family_api, line_api, month_api, scene_api
from chengjiu_mp.courses import tasks as course_tasks
from chengjiu_mp.exams import api as exams
from chengjiu_mp.exams import review_api, sampling_api, scheme_api
from chengjiu_mp.instructors import api as instructors
from chengjiu_mp.instructors import tasks as instructor_tasks
from chengjiu_mp.lists import api as lists
from chengjiu_mp.lists import link_api
from chengjiu_mp.lists import tasks as list_tasks
from chengjiu_mp.outbox import api as outbox
from chengjiu_mp.outbox import tasks as outbox_tasks
from chengjiu_mp.reports import api as reports
from chengjiu_mp.reports import tasks as report_tasks
from chengjiu_mp.signin import api as signin
from chengjiu_mp.signin import deputy_api
from chengjiu_mp.web import api_docs, check_files, edge, hooks, ops, pulse
from chengjiu_mp.web.admin import audit as console_audit
from chengjiu_mp.web.admin import calendar as console_calendar
from chengjiu_mp.web.admin import calls as console_calls
from chengjiu_mp.web.admin import certificate_blocks as console_blocks
from chengjiu_mp.web.admin import certificate_changes as console_certificate_changes
from chengjiu_mp.web.admin import certificate_glyphs as console_glyphs
from chengjiu_mp.web.admin import certificate_handover as console_handover
from chengjiu_mp.web.admin import certificate_printers as console_printers
from chengjiu_mp.web.admin import certificate_requests as console_certificate_requests
from chengjiu_mp.web.admin import certificate_rules as console_number_rules
from chengjiu_mp.web.admin import certificate_templates as console_templates
from chengjiu_mp.web.admin import certificate_waiting as console_waiting
from chengjiu_mp.web.admin import certificate_waiting_import as console_waiting_import
from chengjiu_mp.web.admin import certificates as console_certificates
from chengjiu_mp.web.admin import certificates_earlier as console_earlier
from chengjiu_mp.web.admin import certificates_import as console_earlier_import
from chengjiu_mp.web.admin import certificates_ledger as console_ledger
from chengjiu_mp.web.admin import checkins as console_checkins
from chengjiu_mp.web.admin import children as console_children
from chengjiu_mp.web.admin import classes as console_classes
from chengjiu_mp.web.admin import codes as console_codes
from chengjiu_mp.web.admin import corrections as console_corrections
from chengjiu_mp.web.admin import delivering as console_delivering
from chengjiu_mp.web.admin import deputies as console_deputies
from chengjiu_mp.web.admin import desk as console_desk
from chengjiu_mp.web.admin import door as console_door
from chengjiu_mp.web.admin import door_first as console_door_first
from chengjiu_mp.web.admin import guardians as console_guardians
from chengjiu_mp.web.admin import home as console_home
from chengjiu_mp.web.admin import instructors as console_instructors
from chengjiu_mp.web.admin import instructors_import as console_instructors_import
from chengjiu_mp.web.admin import jobs as console_jobs
from chengjiu_mp.web.admin import links as console_links
from chengjiu_mp.web.admin import list_people as console_list_people
from chengjiu_mp.web.admin import list_uploads as console_list_uploads
from chengjiu_mp.web.admin import lists as console_lists
from chengjiu_mp.web.admin import messages as console_messages
from chengjiu_mp.web.admin import month_import as console_month_import
from chengjiu_mp.web.admin import notices as console_notices
from chengjiu_mp.web.admin import phones as console_phones
from chengjiu_mp.web.admin import printing as console_printing
from chengjiu_mp.web.admin import progress as console_progress
from chengjiu_mp.web.admin import publish_many as console_publish_many
from chengjiu_mp.web.admin import repeats as console_repeats
from chengjiu_mp.web.admin import results as console_results
from chengjiu_mp.web.admin import run_changes as console_run_changes
from chengjiu_mp.web.admin import run_drafts as console_run_drafts
from chengjiu_mp.web.admin import run_photos as console_run_photos
from chengjiu_mp.web.admin import runs as console_runs
from chengjiu_mp.web.admin import sampling as console_sampling
from chengjiu_mp.web.admin import schemes as console_schemes
from chengjiu_mp.web.admin import series as console_series
from chengjiu_mp.web.admin import settings as console_settings
from chengjiu_mp.web.admin import signin as console_signin
from chengjiu_mp.web.admin import targets as console_targets
from chengjiu_mp.web.h5 import again as again_pages
from chengjiu_mp.web.h5 import (
    aid_card,
    asking,
    attended,
    board,
    closing,
    completing,
    guardian_claim,
    result_person,
    wall_screen,
)
from chengjiu_mp.web.h5 import certificate_requests as certificate_request_pages
from chengjiu_mp.web.h5 import certificates as lookup_pages
from chengjiu_mp.web.h5 import checklist as checklist_pages
from chengjiu_mp.web.h5 import corrections as correction_pages
from chengjiu_mp.web.h5 import delivery as delivery_pages
from chengjiu_mp.web.h5 import devices as device_pages
from chengjiu_mp.web.h5 import group as group_pages
from chengjiu_mp.web.h5 import guardian as guardian_pages
from chengjiu_mp.web.h5 import habits as habit_pages
from chengjiu_mp.web.h5 import line as line_pages
from chengjiu_mp.web.h5 import mine as my_pages
from chengjiu_mp.web.h5 import own_data as own_data_pages
from chengjiu_mp.web.h5 import paper as paper_pages
from chengjiu_mp.web.h5 import photo as photo_pages
from chengjiu_mp.web.h5 import privacy as privacy_pages
from chengjiu_mp.web.h5 import record as record_pages
from chengjiu_mp.web.h5 import refresher as refresher_page
from chengjiu_mp.web.h5 import results as result_pages
from chengjiu_mp.web.h5 import runs as run_pages
from chengjiu_mp.web.h5 import scan as scan_pages
from chengjiu_mp.web.h5 import signin as signin_pages
from chengjiu_mp.web.h5 import signup as signup_pages
from chengjiu_mp.web.h5 import teach as teach_pages
from chengjiu_mp.web.h5 import tickets as ticket_pages
from chengjiu_mp.web.h5 import unit_link as unit_link_pages
from chengjiu_mp.web.h5 import verify as verify_pages
from chengjiu_mp.web.h5 import verify_many as verify_many_pages
from chengjiu_mp.web.h5 import verify_offline as verify_offline_pages
from chengjiu_mp.web.h5 import wall as wall_pages
from chengjiu_mp.wechat import api as wechat_api

# Imported for the tasks they declare; one a line.
TASKS = (
    outbox_tasks,
    course_tasks,
    list_tasks,
    instructor_tasks,
    checkin_tasks,
    certificate_tasks,
    report_tasks,
    pulse,
)

# Each has a `blueprint`; one a line.
PAGES = (
    api_docs,
    ops,
    run_pages,
    signup_pages,
    guardian_pages,
    guardian_claim,
    ticket_pages,
    line_pages,
    correction_pages,
    habit_pages,
    my_pages,
    again_pages,
    asking,
    signin_pages,
    board,
    refresher_page,
    console_progress,
    console_classes,
    console_targets,
    console_instructors,
    console_instructors_import,
    teach_pages,
    scan_pages,
    paper_pages,
    group_pages,
    completing,
    closing,
    attended,
    record_pages,
    console_door_first,
    wall_screen,
    wall_pages,
    device_pages,
    console_signin,
    console_home,
    console_runs,
    console_run_changes,
    console_corrections,
    console_run_drafts,
    console_repeats,
    console_series,
    console_publish_many,
    console_calendar,
    console_month_import,
    console_links,
    console_codes,
    console_lists,
    console_list_uploads,
    console_list_people,
    unit_link_pages,
    console_guardians,
    console_desk,
    console_door,
    console_settings,
    console_deputies,
    console_sampling,
    console_schemes,
    console_messages,
    console_calls,
    console_audit,
    console_children,
    console_jobs,
    console_checkins,
    result_pages,
    checklist_pages,
    result_person,
    lookup_pages,
    certificate_request_pages,
    aid_card,
    delivery_pages,
    verify_pages,
    verify_many_pages,
    verify_offline_pages,
    console_results,
    console_certificates,
    console_certificate_changes,
    console_certificate_requests,
    console_phones,
    console_earlier,
    console_earlier_import,
    console_ledger,
    console_templates,
    console_printers,
    console_printing,
    console_delivering,
    console_number_rules,
    console_waiting,
    console_blocks,
    console_handover,
    console_waiting_import,
    console_glyphs,
    console_run_photos,
    photo_pages,
    privacy_pages,
    own_data_pages,
    console_notices,
)


def register(app: Flask) -> None:
    """Register the JSON routes, the pages and the command line."""
    app.register_blueprint(wechat_api.blueprint)
    app.register_blueprint(outbox.blueprint)
    app.register_blueprint(signin.blueprint)
    app.register_blueprint(deputy_api.blueprint)
    app.register_blueprint(instructors.blueprint)
    app.register_blueprint(courses.blueprint)
    app.register_blueprint(family_api.blueprint)
    app.register_blueprint(line_api.blueprint)
    app.register_blueprint(month_api.blueprint)
    app.register_blueprint(calendar_api.blueprint)
    app.register_blueprint(scene_api.blueprint)
    app.register_blueprint(lists.blueprint)
    app.register_blueprint(link_api.blueprint)
    app.register_blueprint(checkin.blueprint)
    app.register_blueprint(checkin_door.blueprint)
    app.register_blueprint(checkin_record.blueprint)
    app.register_blueprint(checkin_attended.blueprint)
    app.register_blueprint(wall_api.blueprint)
    device_api.init_app(app)
    changes.use_arrivals(lambda run, why: take_all_back(run, why, principal()))
    app.register_blueprint(exams.blueprint)
    app.register_blueprint(review_api.blueprint)
    app.register_blueprint(sampling_api.blueprint)
    app.register_blueprint(scheme_api.blueprint)
    certificates.init_app(app)
    app.register_blueprint(certificate_request_api.blueprint)
    certificate_pdf.init_app(app)
    app.register_blueprint(delivery_api.blueprint)
    app.register_blueprint(result_api.blueprint)
    app.register_blueprint(reports.blueprint)
    edge.init_app(app)
    app.register_blueprint(cli.blueprint)
    ops.init_app(app)
    check_files.init_app(app, app.config["SETTINGS"].check_files)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    if app.config["SETTINGS"].test_hooks:
        app.register_blueprint(hooks.blueprint)
