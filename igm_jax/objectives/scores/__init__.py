"""Proper scoring rules: how good a forecast by samples is."""
