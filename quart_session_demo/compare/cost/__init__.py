"""Measure the processor time that opening and saving a session takes."""
