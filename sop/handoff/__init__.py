"""The identification and handoff procedure: a handoff, from opening to its end."""
