"""What the two procedures say: vocabulary, policy, clocks and every decision. Pure."""
