"""What the schedules open for people: reviews, training reminders, audits (INQ-8, HOF-6)."""
