"""What a strategy may not do in this fake."""


class NotCarriedOutError(NotImplementedError):
    """LEAN has it, this fake does not carry it out: the test ends, instead of passing over it."""
