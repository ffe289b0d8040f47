"""Flask's signed cookie, looked into only where one came: programs send none, and making a signer costs them time."""

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin


class CookieSessions(SecureCookieSessionInterface):
    """As Flask's own; a request without the cookie begins with an empty session and no signer."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return what the cookie holds; empty without one."""
        if app.secret_key and not ("HTTP_COOKIE" in request.environ and request.cookies.get(self.get_cookie_name(app))):
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the cookie where there is one to send; else a reply that no cache may keep is left as it is, for nobody
        asks whom it varies by.
        """
        if session or session.modified or response.headers.get("Cache-Control") != "no-store":
            super().save_session(app, session, response)
