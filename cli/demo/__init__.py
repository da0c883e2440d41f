"""`handrail demo`: both procedures at work on a real server, shown to whoever started it."""
