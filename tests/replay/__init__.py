"""A stand-in for the lean command and for docker, which replays recorded runs."""
