"""The team's backlog: its strategies are rows of the database, and what was found about them is written back."""
