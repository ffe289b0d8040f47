"""The application for any WSGI server: ``wsgi:app``."""

from chengjiu_mp import create_app

app = create_app()
