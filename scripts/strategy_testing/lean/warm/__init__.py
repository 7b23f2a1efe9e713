"""What runs inside LEAN's container: it needs nothing but that container's own Python."""
