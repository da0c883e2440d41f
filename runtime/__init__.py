"""What the processes share: settings, logging, the Temporal connection, the case gateway."""
