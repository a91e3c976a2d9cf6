"""Tests of whether two samples have one distribution."""
