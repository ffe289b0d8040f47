"""Invented people and their runs: the demo city, and the ground that outside checks stand on."""
