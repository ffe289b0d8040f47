"""What a page says of the rows of a sheet that it left out."""

import pytest

from chengjiu_mp.core.sheet_rows import left_out_words


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], ""),
        ([4], "另有 1 行不是人员（第 4 行），没有算进来。"),
        ([1, 2, 40], "另有 3 行不是人员（第 1、2、40 行），没有算进来。"),
        ([1, 5, 6, 7, 9], "另有 5 行不是人员（第 1、5 到 7、9 行），没有算进来。"),
        ([*range(1, 40, 2)], "另有 20 行不是人员（第 1、3、5、7、9、11、13、15、17、19、21、23 行等），没有算进来。"),
    ],
)
def test_rows_are_told_by_their_numbers(rows: list[int], told: str) -> None:
    assert left_out_words(rows, "人员") == told
