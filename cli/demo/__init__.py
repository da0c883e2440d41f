"""`handrail demo`: the inquiry procedure at work on a real server, shown to whoever started it."""
