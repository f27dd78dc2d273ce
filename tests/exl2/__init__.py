"""EXL2 without a GPU: folders written on a CPU, and exllamav2 itself driven on one."""
