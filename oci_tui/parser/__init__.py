"""Reads program text with tree-sitter: what it defines and uses, and whether it is written in its language."""
