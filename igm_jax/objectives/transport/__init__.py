"""Objectives that move mass: Sinkhorn, slices, nearest neighbours, covariances."""
