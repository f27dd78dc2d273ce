"""The adapters that generate: a child process holds the model; nothing here is imported by the app's process but process.py."""
