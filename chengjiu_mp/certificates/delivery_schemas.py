"""What a person is told of the way of their paper."""

from datetime import datetime

from chengjiu_mp.core.parsing import Out


class PaperDataOut(Out):
    """How a certificate's paper comes; the address while it is kept."""

    number: str
    way: str
    state: str
    chosen_at: datetime
    recipient: str | None
    phone: str | None
    address: str | None
