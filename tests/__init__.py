"""The tests mirror igm_jax, one to one.

``typecheck`` is how annotations are checked while they run: by beartype, where an int serves as a float as in Python.
"""

from beartype import BeartypeConf, beartype

typecheck = beartype(conf=BeartypeConf(is_pep484_tower=True))
