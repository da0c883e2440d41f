"""What a person may ask about their data: erasure, export; and the hold that stops an erasure."""
