"""What was run before, for people: lists, one run's sheet, the best, two runs side by side, exports."""
