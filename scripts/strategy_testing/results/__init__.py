"""What LEAN leaves on disk, read into values."""
