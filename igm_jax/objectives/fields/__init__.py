"""Objectives that are a field of velocities: score differences, drifting, Stein."""
