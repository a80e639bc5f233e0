"""System types that Python does not tell apart by itself."""


class Long(int):
    """System.Long: an integer of 64 bits, written ``5L``."""

    __slots__ = ()
