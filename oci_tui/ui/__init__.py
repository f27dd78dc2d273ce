"""The Textual app: it shows events and posts what the person wants; no agent logic."""
