"""The documents the city takes, and their names."""

from enum import StrEnum


class DocType(StrEnum):
    """Documents the city takes, in the order a form offers them."""

    RESIDENT_ID = "resident_id"
    HMT_RESIDENCE_PERMIT = "hmt_residence_permit"
    HM_TRAVEL_PERMIT = "hm_travel_permit"
    TW_TRAVEL_PERMIT = "tw_travel_permit"
    FOREIGN_PR_ID = "foreign_pr_id"
    CN_PASSPORT = "cn_passport"
    PASSPORT = "passport"

    @property
    def label(self) -> str:
        """The document's Chinese name, as printed on it."""
        return _LABELS[self]

    @property
    def tells_birth(self) -> bool:
        """Whether birth date and gender stand in the number; a form asks for them otherwise."""
        return self in {DocType.RESIDENT_ID, DocType.HMT_RESIDENCE_PERMIT, DocType.FOREIGN_PR_ID}


_LABELS = {
    DocType.RESIDENT_ID: "居民身份证",
    DocType.HMT_RESIDENCE_PERMIT: "港澳台居民居住证",
    DocType.HM_TRAVEL_PERMIT: "港澳居民来往内地通行证",
    DocType.TW_TRAVEL_PERMIT: "台湾居民来往大陆通行证",
    DocType.FOREIGN_PR_ID: "外国人永久居留身份证",
    DocType.CN_PASSPORT: "中国护照",
    DocType.PASSPORT: "外国护照",
}
