"""YAML that users write, read into frozen values; every mistake of a file is found at once."""
