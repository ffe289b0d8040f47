"""What is read out of one field: codes and row numbers as people type them."""

import pytest

from chengjiu_mp.checkin.paper_marks import read_marks

TOKEN = "abcdefghijklmnopqrstuvwxyz"


def meant(text: str) -> list[object]:
    return [
        (one.sheet, one.row) if one.row else one.ticket.token or one.ticket.code or one.typed
        for one in read_marks(text)
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("AB2C9K", ["AB2C9K"]), ("ab2c9k DE3F4G", ["AB2C9K", "DE3F4G"]), ("AB2C9K,DE3F4G", ["AB2C9K", "DE3F4G"]),
        ("AB2C9K，DE3F4G、HJ5K6M；NP7Q8R。", ["AB2C9K", "DE3F4G", "HJ5K6M", "NP7Q8R"]),
        ("ＡＢ２Ｃ９Ｋ　ｄｅ３ｆ４ｇ", ["AB2C9K", "DE3F4G"]), ("AB2C9K\r\nDE3F4G\n\n", ["AB2C9K", "DE3F4G"]),
        ("ab2 c9k de3 f4g", ["AB2C9K", "DE3F4G"]), ("AB2-C9K", ["AB2C9K"]), ("234 C9K", ["234C9K"]), ("234-567", ["234567"]),
        ("AB2C9K ab2c9k", ["AB2C9K"]), ("234567", ["234567"]),
        ("1 2，15号", [(None, 1), (None, 2), (None, 15)]), ("03", [(None, 3)]), ("2-15", [(2, 15)]),
        ("234 235", [(None, 234), (None, 235)]), ("15 AB2C9K", [(None, 15), "AB2C9K"]), ("ab2\nc9k", ["ab2", "c9k"]),
        (f"https://x.test/i/{TOKEN}\n{TOKEN}", [TOKEN]), ("张三 AB2C9", ["张三", "AB2C9"]), ("0", ["0"]), (" ，\n", []),
    ],
)  # fmt: skip
def test_what_is_typed_is_read(text, found):
    assert meant(text) == found
