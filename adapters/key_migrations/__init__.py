"""How the tables came to be: one dated file for each change, run by `adapters.migrate`."""
