"""The Celery app: ``celery -A celery_worker worker`` and ``celery -A celery_worker beat``."""

from chengjiu_mp import create_app
from chengjiu_mp.core.broker import check_at_start

application = create_app()
app = application.extensions["celery"]
check_at_start(application.config["REDIS_URL"])
