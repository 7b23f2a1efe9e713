"""Lets people and programs read the database who run nothing: a role that only reads, and a port of this machine."""
