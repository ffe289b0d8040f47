"""The application for any WSGI server: ``wsgi:app``."""

from chengjiu_mp import create_app
from chengjiu_mp.web.turns import TakeTurns

app = create_app()
app.wsgi_app = TakeTurns(app.wsgi_app, app.config["MAX_CONTENT_LENGTH"])  # type: ignore[method-assign]
