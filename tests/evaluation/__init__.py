"""Tests of igm_jax.evaluation."""
