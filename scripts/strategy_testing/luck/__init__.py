"""Says how much of a result is luck, after so many combinations were tried: series in, figures out."""
