"""Readers of people's own files."""
