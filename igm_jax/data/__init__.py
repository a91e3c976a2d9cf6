"""Readers of your own files: each gives a data set that is split once and for all, and says what it read and what it did not."""

from igm_jax.data.report import Report

__all__ = ["Report"]
