"""The HTTP door for services."""
