"""The Celery app: ``celery -A celery_worker worker`` and ``celery -A celery_worker beat``."""

from chengjiu_mp import create_app

app = create_app().extensions["celery"]
