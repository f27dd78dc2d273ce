"""What only a GPU can show of the EXL2 engine: `python -m tests.gpu`."""
