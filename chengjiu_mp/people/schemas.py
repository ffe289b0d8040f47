"""Shapes that several slices take in."""

from chengjiu_mp.core.parsing import In


class ConsentIn(In):
    """A notice that somebody agreed to; the version may come as a number or as its digits."""

    purpose: str
    version: int
