"""What can go wrong with a run, by name."""


class RunDirectoryError(OSError):
    """The run directory cannot be written, is full, or is in use by another process."""


class RunMismatchError(ValueError):
    """The run directory holds another run: other config, other seed, other schema, other shapes."""


class NonFiniteError(ArithmeticError):
    """The loss became NaN or infinite; the text names the step, the objective and the last good checkpoint.

    Attributes:
        step: the first bad step, counted from 1.
        checkpoint: step of the last good checkpoint, or None.
    """

    def __init__(self, text: str, step: int, checkpoint: int | None) -> None:
        super().__init__(text)
        self.step, self.checkpoint = step, checkpoint

    def __reduce__(self) -> tuple[type, tuple[str, int, int | None]]:
        return type(self), (str(self), self.step, self.checkpoint)


class Interrupted(KeyboardInterrupt):
    """A signal stopped the run at the end of a chunk, after a checkpoint was saved.

    Attributes:
        step: the checkpoint's step.
        signal: the signal's number, e.g. 2 for Ctrl-C and 15 for SIGTERM.
    """

    def __init__(self, text: str, step: int, signal: int) -> None:
        super().__init__(text)
        self.step, self.signal = step, signal

    def __reduce__(self) -> tuple[type, tuple[str, int, int]]:
        return type(self), (str(self), self.step, self.signal)


class Damaged(Exception):
    """A checkpoint that is not what was saved; the text says what is wrong with it."""
