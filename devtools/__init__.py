"""What `./dev` does: start the stack, run the tests, check, measure. Never imported by the application."""
