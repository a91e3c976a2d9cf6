"""Objectives that compare means: MMD and its relatives, energy distances, characteristic functions."""
