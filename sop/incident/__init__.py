"""A breach of the procedure: escalated at once, mended, and told to the regulator in time."""
