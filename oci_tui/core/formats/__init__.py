"""One module per edit format: how a reply says it, and how it is applied."""
