"""The application for any WSGI server: ``wsgi:app``."""

from chengjiu_mp import create_app
from chengjiu_mp.web.turns import TakeTurns
from chengjiu_mp.web.warm import warm_up

app = create_app()
warm_up(app)
app.wsgi_app = TakeTurns(app.wsgi_app, app.config["MAX_CONTENT_LENGTH"])  # type: ignore[method-assign]
