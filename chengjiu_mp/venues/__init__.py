"""Where classes happen."""
