"""Runs the configs of a batch, each in a process of its own, in order or several at once."""
