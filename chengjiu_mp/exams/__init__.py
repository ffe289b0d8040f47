"""Schemes, results and their confirmation."""
