"""What acts: thin classes that hold ports. No policy, no SQL."""
