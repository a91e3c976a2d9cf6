"""Packages that only some users need: imported where they are used, and named where they cannot be."""


def unusable(what: str, package: str, error: BaseException, extra: str | None = None) -> ImportError:
    """The error for a package that is needed here and cannot be imported: absent, or broken in any way.

    Args:
        what: what needs it, e.g. ``"pictures"``.
        package: as pip calls it.
        error: what its import raised.
        extra: the extra of igm-jax that brings it; None for the package itself.

    Returns:
        The error to raise.

    Example:
        >>> from igm_jax.extras import unusable
        >>> print(unusable("a sheet", "pillow", ModuleNotFoundError("No module named 'PIL'"), "data"))
        a sheet needs the package pillow, which is not installed: pip install "igm-jax[data]"
        >>> print(unusable("a sheet", "pillow", OSError("libjpeg is missing"), "data"))
        a sheet needs the package pillow, which fails when it is imported (OSError: libjpeg is missing); repair it
    """
    if isinstance(error, ModuleNotFoundError):
        install = package if extra is None else f'"igm-jax[{extra}]"'
        return ImportError(f"{what} needs the package {package}, which is not installed: pip install {install}")
    return ImportError(
        f"{what} needs the package {package}, which fails when it is imported ({type(error).__name__}: {error}); repair it"
    )
