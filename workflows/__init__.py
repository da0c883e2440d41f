"""What waits: the procedures as durable workflows."""
