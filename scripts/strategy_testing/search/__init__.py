"""The parameter space: which combinations a search tries, as pure values."""
