"""The worker process: wiring of adapters into activities, and its main."""
