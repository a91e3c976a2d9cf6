"""Thin scripts that use the public ``igm_jax`` alone; each one's docstring gives its command and what it prints."""
