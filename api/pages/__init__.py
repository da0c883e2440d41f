"""Pages for people: templates, and what renders them."""
