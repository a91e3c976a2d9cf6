"""People's own data."""

from igm_jax.data.shuffled import Shuffled, shuffled
from igm_jax.data.store import Store, open_store, write_store
