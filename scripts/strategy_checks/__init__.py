"""What `make check-strategies` finds in the strategies without running them."""
