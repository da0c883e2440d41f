"""The public shapes of requests and answers. They change only on purpose."""
