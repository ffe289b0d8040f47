"""What `./dev run` says when everything is up."""

import io
import sys
from pathlib import Path

import qrcode


def welcome(url: str, data: Path) -> str:
    """Return the places to go, the demo sign-ins where there are any, and a QR code for the phone."""
    lines = [
        "",
        f"  Citizens     {url}/",
        f"  Instructors  {url}/teach/",
        f"  Console      {url}/console/",
        f"  Data, logs   {data}",
    ]
    demo = data / "demo.txt"
    if demo.is_file():
        lines += ["", *(f"  {line}" for line in demo.read_text(encoding="utf-8").splitlines())]
    lines += ["", _code(f"{url}/"), "  Ctrl-C stops everything; the data stays."]
    return "\n".join(lines)


def _code(text: str) -> str:
    encoding = (sys.stdout.encoding or "ascii").lower()
    if "utf" not in encoding:
        return ""
    code = qrcode.QRCode(border=2, error_correction=qrcode.constants.ERROR_CORRECT_L)
    code.add_data(text)
    out = io.StringIO()
    code.print_ascii(out=out, invert=True)
    return out.getvalue()
