"""The operator's door: handrail and its commands."""
