"""What happens to a critic while samples and data stay as they are."""

import jax


def trained(objective, key, x, y, length):
    """The state after a number of updates on the same minibatch, and the critic's gap in each."""

    @jax.jit
    def train(key):
        def step(state, _):
            state, info = objective.update(key, state, x, y)
            return state, info["critic_gap"]

        return jax.lax.scan(step, objective.init(key, x), None, length=length)

    return train(key)
