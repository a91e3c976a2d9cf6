"""Readers of people's own files."""


def told(read, *args, **options) -> str:
    """The whole text of the error that a call ends with."""
    try:
        read(*args, **options)
    except (ValueError, OSError) as error:
        return str(error)
    raise AssertionError("there was no error")
