"""Han characters that stand in names, by code point (GB 18030-2022 with amendment 1, and what Unicode added since).

Never by character categories: they come from the Unicode tables of the running Python, and older ones call the newest
Han characters unassigned.
"""

from functools import lru_cache

RANGES = (
    (0x3007, 0x3007),  # 〇
    (0x3400, 0x4DBF),  # Extension A
    (0x4E00, 0x9FFF),
    (0x20000, 0x2A6DF),  # Extension B
    (0x2A700, 0x2B73F),  # Extension C
    (0x2B740, 0x2B81D),  # Extension D
    (0x2B820, 0x2CEAD),  # Extension E
    (0x2CEB0, 0x2EBE0),  # Extension F
    (0x2EBF0, 0x2EE5D),  # Extension I: the name characters of the public-security bodies
    (0x30000, 0x3134A),  # Extension G
    (0x31350, 0x323AF),  # Extension H
    (0x323B0, 0x33479),  # Extension J
)

# Twelve unified ideographs that only sit in the compatibility block; no normal form rewrites them.
_UNIFIED_AMONG_COMPATIBILITY = frozenset(
    chr(code)
    for code in (
        *(0xFA0E, 0xFA0F, 0xFA11, 0xFA13, 0xFA14, 0xFA1F),
        *(0xFA21, 0xFA23, 0xFA24, 0xFA27, 0xFA28, 0xFA29),
    )
)
_COMPATIBILITY = ((0xF900, 0xFA6D), (0xFA70, 0xFAD9), (0x2F800, 0x2FA1D))
_RADICALS = ((0x2E80, 0x2EF3), (0x2F00, 0x2FD5))
_PRIVATE = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))


# A name's characters are asked about again and again: by ten rules, and in the next name.
@lru_cache(maxsize=32_768)
def _within(char: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    code = ord(char)
    return any(first <= code <= last for first, last in ranges)


def is_han(char: str) -> bool:
    """Return whether `char` is a Han character, or 〇; compatibility characters are Han characters too."""
    return _within(char, RANGES) or _within(char, _COMPATIBILITY)


def is_compatibility(char: str) -> bool:
    """Return whether `char` is a second code of another Han character, which normal forms rewrite."""
    return _within(char, _COMPATIBILITY) and char not in _UNIFIED_AMONG_COMPATIBILITY


def is_radical(char: str) -> bool:
    """Return whether `char` is a dictionary radical: it looks like a Han character, and PDF pastes bring it."""
    return _within(char, _RADICALS)


def is_private(char: str) -> bool:
    """Return whether `char` means something else in every font (older systems kept rare names there)."""
    return _within(char, _PRIVATE)


_COMPOUND_SURNAMES = """
欧阳 歐陽 太史 端木 上官 司马 司馬 东方 東方 独孤 獨孤 南宫 南宮 万俟 萬俟 闻人 聞人 夏侯 诸葛 諸葛
尉迟 尉遲 公羊 赫连 赫連 澹台 澹臺 皇甫 宗政 濮阳 濮陽 公冶 太叔 申屠 公孙 公孫 慕容 仲孙 仲孫 钟离
鍾離 长孙 長孫 宇文 司徒 鲜于 鮮于 司空 闾丘 閭丘 子车 子車 亓官 司寇 巫马 巫馬 公西 颛孙 顓孫 壤驷
壤駟 公良 漆雕 乐正 樂正 宰父 谷梁 穀梁 拓跋 夹谷 夾谷 轩辕 軒轅 令狐 段干 百里 呼延 东郭 東郭 南门
南門 羊舌 微生 梁丘 左丘 东门 東門 西门 西門 南荣 南榮 第五 贺兰 賀蘭 完颜 完顏 耶律 纳兰 納蘭 叶赫
葉赫 单于 單于 西陵 淳于 即墨 达奚 達奚 褚师 褚師 范姜 張簡 张简 费莫 費莫 爱新觉罗 愛新覺羅
"""
COMPOUND_SURNAMES = frozenset(_COMPOUND_SURNAMES.split())

# Readings that a character has as a surname, where its common reading is another one.
SURNAME_READINGS = {
    "单": "shan4",
    "單": "shan4",
    "仇": "qiu2",
    "曾": "zeng1",
    "解": "xie4",
    "任": "ren2",
    "区": "ou1",
    "區": "ou1",
    "朴": "piao2",
    "樸": "piao2",
    "查": "zha1",
    "盖": "ge3",
    "蓋": "ge3",
    "华": "hua4",
    "華": "hua4",
    "纪": "ji3",
    "紀": "ji3",
    "缪": "miao4",
    "繆": "miao4",
    "宁": "ning4",
    "秘": "bi4",
    "冼": "xian3",
    "洗": "xian3",
    "尹": "yin3",
    "员": "yun4",
    "員": "yun4",
    "翟": "zhai2",
    "祭": "zhai4",
    "种": "chong2",
    "折": "she2",
    "黑": "he4",
    "盛": "sheng4",
    "乐": "yue4",
    "樂": "yue4",
    "召": "shao4",
    "覃": "qin2",
    "逄": "pang2",
    "都": "du1",
    "哈": "ha3",
    "葛": "ge3",
    "幺": "yao1",
    "隗": "wei3",
    "郗": "xi1",
    "谌": "chen2",
    "諶": "chen2",
    "晁": "chao2",
    "尉": "wei4",
    "褚": "chu3",
    "万俟": "mo4 qi2",
    "萬俟": "mo4 qi2",
    "尉迟": "yu4 chi2",
    "尉遲": "yu4 chi2",
    "单于": "chan2 yu2",
    "單于": "chan2 yu2",
    "长孙": "zhang3 sun1",
    "長孫": "zhang3 sun1",
    "澹台": "tan2 tai2",
    "澹臺": "tan2 tai2",
    "乐正": "yue4 zheng4",
    "樂正": "yue4 zheng4",
}
