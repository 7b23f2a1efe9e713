"""What the documents say of LEAN's API, taken from its type stubs."""
