"""Objectives with a learned critic: games, penalties, density ratios."""
