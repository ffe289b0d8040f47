"""Where things are. Standard library only: the bootstrap reads it before anything is installed."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
REQUIREMENTS = ROOT / "requirements"
VENDOR = ROOT / "chengjiu_mp/web/static/vendor"
DEFAULT_DATA = ROOT / ".data"
