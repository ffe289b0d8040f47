"""Scans, and the check-in that is their fold."""
