"""What runs inside LEAN's container: stands in for its launcher, and keeps its engines warm."""
