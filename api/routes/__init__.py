"""The routes: a few lines each."""
