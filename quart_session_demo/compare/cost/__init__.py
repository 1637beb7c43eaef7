"""Measure the processor time that a session takes."""
