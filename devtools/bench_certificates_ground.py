"""A child: certificates that the product issued, with proved phones, and the plan of what will be asked for them."""

import json
import sys
from pathlib import Path

from flask_migrate import upgrade

from chengjiu_mp import create_app
from chengjiu_mp.config import from_environment
from chengjiu_mp.core import context
from devtools.bench_certificates_batch import CLASS

CLASSES = 7


def main(plan: Path) -> None:
    """Fill the database of the environment and write the plan: {token, number, name, phone} of each."""
    from tests import issued

    app = create_app(from_environment())
    with app.app_context():
        upgrade()
        context.set_request("bench", context.SYSTEM)
        found = []
        for number in range(CLASSES):
            names = [f"{chr(0x5100 + number)}{chr(0x5000 + place)}" for place in range(CLASS)]
            found += [
                {
                    "token": issued.token(one), "number": one.number, "phone": issued.phone_of(one),
                    "name": issued.version_of(one).name,
                }
                for one in issued.issue(*names)
            ]  # fmt: skip
    plan.write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
