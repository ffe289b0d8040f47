"""Accounts, grants, codes and sessions."""
