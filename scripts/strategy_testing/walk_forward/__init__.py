"""Walk-forward analysis: its windows, the choice in each of them, and what they show together. Pure."""
