"""Entropic optimal transport: problems, sweeps, solvers, values and their slopes."""
