"""What workflows ask for: classes that hold ports and act."""
