"""Instructors and their refreshers."""
