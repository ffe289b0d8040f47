"""Pages for citizens and instructors, made for a phone."""
