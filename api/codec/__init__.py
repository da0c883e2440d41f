"""The codec server: shows payloads in plain text to those who may read their case."""
