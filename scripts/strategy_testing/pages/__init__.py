"""What people look at in a browser: a page for each run, walk-forward analysis and batch, and an index of all."""
