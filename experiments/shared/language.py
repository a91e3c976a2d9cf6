"""Two networks that learn short texts for the study of them: an autoregressive transformer, and a denoising autoencoder."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jaxtyping import Array

from igm_jax.base import Key, Network, Params
from igm_jax.networks import mlp, network

CHUNK = 50


class _Block(nnx.Module):
    def __init__(self, width: int, heads: int, *, rngs: nnx.Rngs):
        self.before, self.between = nnx.LayerNorm(width, rngs=rngs), nnx.LayerNorm(width, rngs=rngs)
        self.seen, self.out = nnx.Linear(width, 3 * width, rngs=rngs), nnx.Linear(width, width, rngs=rngs)
        self.wide, self.narrow = nnx.Linear(width, 4 * width, rngs=rngs), nnx.Linear(4 * width, width, rngs=rngs)
        self.heads = heads

    def __call__(self, h: Array) -> Array:
        q, k, v = jnp.split(self.seen(self.before(h)).reshape(*h.shape[:2], 3 * self.heads, -1), 3, axis=2)
        h = h + self.out(jax.nn.dot_product_attention(q, k, v, is_causal=True).reshape(h.shape))
        return h + self.narrow(jax.nn.gelu(self.wide(self.between(h))))


class _Transformer(nnx.Module):
    def __init__(self, symbols: int, length: int, width: int, depth: int, heads: int, *, rngs: nnx.Rngs):
        self.symbols = nnx.Embed(symbols + 1, width, rngs=rngs)  # one more, which stands before the text
        self.places = nnx.Embed(length, width, rngs=rngs)
        self.blocks = nnx.List([_Block(width, heads, rngs=rngs) for _ in range(depth)])
        self.last, self.out = nnx.LayerNorm(width, rngs=rngs), nnx.Linear(width, symbols, rngs=rngs)

    def __call__(self, tokens: Array) -> Array:
        start = jnp.full((len(tokens), 1), self.symbols.num_embeddings - 1, tokens.dtype)
        before = jnp.concatenate([start, tokens[:, :-1]], axis=1)
        places = self.places(jnp.arange(tokens.shape[1], dtype=jnp.int32))
        h = self.symbols(before) + jnp.broadcast_to(places, (len(tokens), *places.shape))
        for block in self.blocks:
            h = block(h)
        return jax.nn.log_softmax(self.out(self.last(h)))


def transformer(symbols: int, length: int, width: int = 64, depth: int = 2, heads: int = 4) -> Network:
    """Log-probabilities (n, length, symbols) of each symbol of (n, length) tokens given those before it."""
    return network(lambda rngs: _Transformer(symbols, length, width, depth, heads, rngs=rngs))


def log_likelihoods(net: Network, params: Params, tokens: Array, end: int) -> tuple[Array, Array]:
    """Of each text the log-probability, and of how many symbols, its end among them."""
    found = jnp.take_along_axis(net.apply(params, tokens), tokens[..., None], axis=-1)[..., 0]
    ends = (tokens == end).astype(jnp.int32)
    there = (jnp.cumsum(ends, axis=1) - ends == 0).astype(found.dtype)
    return jnp.sum(found * there, axis=1), jnp.sum(there, axis=1)


def nats(net: Network, params: Params, tokens: np.ndarray, end: int) -> float:
    """Minus the log-probability, a symbol."""
    of = jax.jit(partial(log_likelihoods, net, end=end))
    parts = [of(params, jnp.asarray(tokens[i : i + 500], jnp.int32)) for i in range(0, len(tokens), 500)]
    return -float(sum(float(logs.sum()) for logs, _ in parts) / sum(float(there.sum()) for _, there in parts))


def spoken(net: Network, params: Params, key: Key, number: int, length: int, end: int) -> np.ndarray:
    """(number, length) texts, symbol by symbol."""

    @jax.jit
    def draw(params: Params, key: Key) -> Array:
        def one(place: Any, tokens: Array) -> Array:
            drawn = jax.random.categorical(jax.random.fold_in(key, place), net.apply(params, tokens)[:, place])
            over = (tokens == end).any(axis=1)
            return tokens.at[:, place].set(jnp.where(over, end, drawn.astype(tokens.dtype)))

        # A symbol that is none marks what is not drawn yet; no place sees what comes after it.
        tokens = jax.lax.fori_loop(0, length, one, jnp.full((number, length), end + 1, jnp.int32))
        return tokens

    return np.asarray(draw(params, key))


def fit_transformer(net: Network, tokens: np.ndarray, end: int, steps: int, key: Key, **options: Any) -> Params:
    """The parameters after so many updates towards the likelihood."""

    def loss(params: Params, key: Key, rows: Array) -> Array:
        del key
        logs, there = log_likelihoods(net, params, rows, end)
        return -jnp.sum(logs) / jnp.sum(there)

    return fitted(loss, net.init(key), jnp.asarray(tokens, jnp.int32), steps, key, **options)


def autoencoder(size: int, code: int = 64, width: int = 256) -> tuple[Network, Network]:
    """Networks from rows to codes, and back to rows' logits."""
    return mlp(size, code, width=width, depth=2), mlp(code, size, width=width, depth=2)


def fit_autoencoder(nets: tuple[Network, Network], rows: np.ndarray, symbols: int, steps: int, key: Key,
                    share: float = 0.1, **options: Any) -> Params:  # fmt: skip
    """The parameters (encoder's, decoder's) that spell texts of their code, to which unit noise was added.

    ``Σ_places -log p(x_i | c + ε) + share · ‖c‖²/2``, c the code: a variational autoencoder of fixed variance. The noise has
    whatever lies between the codes of two texts spell something, too.
    """
    encoder, decoder = nets

    def loss(params: Params, key: Key, rows: Array) -> Array:
        code = encoder.apply(params[0], rows)
        noisy = code + jax.random.normal(key, code.shape, code.dtype)
        logits = decoder.apply(params[1], noisy).reshape(len(rows), -1, symbols)
        spelled = -jnp.sum(jax.nn.log_softmax(logits).reshape(rows.shape) * rows)
        return (spelled + share * jnp.sum(jnp.square(code)) / 2) / len(rows)

    key_in, key_out, key_fit = jax.random.split(key, 3)
    return fitted(loss, (encoder.init(key_in), decoder.init(key_out)), jnp.asarray(rows), steps, key_fit, **options)


def fitted(loss: Callable[[Params, Key, Array], Array], params: Params, data: Array, steps: int, key: Key, *,
           batch_size: int = 128, rate: float = 2e-3, told: Callable[[int], Any] = lambda done: None) -> Params:  # fmt: skip
    """Parameters after updates by Adam whose rate falls to zero along a cosine; told how many are done."""
    optimizer = optax.adam(optax.cosine_decay_schedule(rate, steps))

    def one(number: Any, carry: tuple[Params, Any]) -> tuple[Params, Any]:
        params, state = carry
        key_rows, key_loss = jax.random.split(jax.random.fold_in(key, number))
        rows = data[jax.random.randint(key_rows, (batch_size,), 0, len(data))]
        updates, state = optimizer.update(jax.grad(loss)(params, key_loss, rows), state, params)
        return optax.apply_updates(params, updates), state

    some = jax.jit(lambda carry, start, stop: jax.lax.fori_loop(start, stop, one, carry))
    carry = params, optimizer.init(params)
    for start in range(0, steps, CHUNK):
        carry = jax.block_until_ready(some(carry, start, min(start + CHUNK, steps)))
        told(min(start + CHUNK, steps))
    return carry[0]
