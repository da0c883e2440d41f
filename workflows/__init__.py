"""The two procedures as Temporal workflows: they wait, and ask sop to decide."""
