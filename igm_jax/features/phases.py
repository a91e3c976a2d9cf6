"""Phases: sounds of which only the magnitudes of a spectrogram are known."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from igm_jax import checks
from igm_jax.base import Key
from igm_jax.features.spectrograms import istft, magnitudes, stft


def griffin_lim(
    key: Key,
    amplitudes: Float[Array, "n t f"],
    length: int,
    hop: int = 256,
    *,
    iterations: int = 32,
    momentum: float = 0.99,
) -> Float[Array, "n l"]:
    """Sounds whose spectrograms have these magnitudes as nearly as projections in turn can make them.

    ``c ← stft(istft(|A| e^{i arg c}))``, each moved on by ``momentum`` times its last step. Without momentum the error
    ``‖|stft(x)| - A‖`` never rises; with it it ends lower.

    Args:
        key: draws the first phases.
        amplitudes: (n, t, f) magnitudes A, as of ``abs(stft(x))``.
        length: numbers in each sound.
        hop: numbers from frame to frame.
        iterations: how many.
        momentum: from 0, the plain algorithm, to below 1.

    Returns:
        (n, length) sounds.

    Raises:
        ValueError: for a momentum outside [0, 1), magnitudes that are negative or not finite, or another number of frames than
            such sounds have.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from igm_jax.features.phases import griffin_lim
        >>> from igm_jax.features.spectrograms import stft
        >>> x = jnp.sin(jnp.arange(2000.0) / 5)[None]
        >>> made = griffin_lim(jax.random.key(0), jnp.abs(stft(x, 256, 64)), 2000, 64)
        >>> made.shape
        (1, 2000)

    Source: Griffin, Lim 1984; Perraudin, Balazs, Søndergaard 2013, A fast Griffin-Lim algorithm, WASPAA.
    """
    checks.count("iterations", iterations)
    if not 0 <= momentum < 1:
        raise ValueError(f"`momentum` must be at least 0 and below 1, but is {momentum}; 0.99 is usual")
    checks.finite("amplitudes", amplitudes)
    if checks.is_concrete(amplitudes) and jnp.any(amplitudes < 0):
        raise ValueError("`amplitudes` must be magnitudes, which are not negative; pass `abs(stft(x))`")
    window = 2 * (amplitudes.shape[2] - 1)
    turn = 2 * jnp.pi * jax.random.uniform(key, amplitudes.shape, amplitudes.dtype)
    first = jax.lax.complex(amplitudes * jnp.cos(turn), amplitudes * jnp.sin(turn))

    def step(_: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        moved, last = carry
        now = stft(istft(_with(amplitudes, moved), length, hop), window, hop)
        return now + momentum * (now - last), now

    moved, _ = jax.lax.fori_loop(0, iterations, step, (first, first))
    return istft(_with(amplitudes, moved), length, hop)


def _with(amplitudes: Array, phases: Array) -> Array:
    """These magnitudes with the phases of others; where those are zero, with phase 0."""
    size = magnitudes(phases)
    share = jnp.where(size > 0, amplitudes / jnp.where(size > 0, size, 1), 0)
    return jax.lax.complex(jnp.where(size > 0, share * phases.real, amplitudes), share * phases.imag)
