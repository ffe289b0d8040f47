"""The product on an address of its own, for tests that look at it with a browser."""

import dataclasses
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from chengjiu_mp import create_app
from chengjiu_mp.config import Settings
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.queries import run_token
from tests import factories

PHONE = {"width": 390, "height": 844}


@dataclasses.dataclass
class Site:
    """A running application and its address."""

    app: Flask
    url: str

    def landing(self, **values: object) -> str:
        """Publish a run and return the address on its poster."""
        with self.app.app_context():
            with factories.made():
                run = factories.run(**values)  # type: ignore[arg-type]
            return f"{self.url}/s/{run_token(run)}"


@contextmanager
def served(base_settings: Settings, sqlite_template: Path, folder: Path) -> Iterator[Site]:
    """Serve the demo on a fresh SQLite database in ``folder``."""
    shutil.copyfile(sqlite_template, folder / "site.sqlite3")
    settings = dataclasses.replace(base_settings, database_url=f"sqlite:///{folder}/site.sqlite3", data_dir=folder)
    app = create_app(dataclasses.replace(settings, demo=True))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(app, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()
    with app.app_context():
        db.engine.dispose()
