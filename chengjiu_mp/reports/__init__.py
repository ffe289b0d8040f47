"""Progress against targets."""
