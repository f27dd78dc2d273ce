"""Small matrices as lists of rows."""


def identity(size):
    return [[1 if row == column else 0 for column in range(size)] for row in range(size)]


def transpose(matrix):
    return [list(column) for column in zip(*matrix)]


def multiply(a, b):
    """The product of two matrices; ValueError if their sizes do not fit."""
    if len(a[0]) != len(b):
        raise ValueError("sizes do not fit")
    result = []
    for i in range(len(a)):
        row = []
        for j in range(len(a)):
            row.append(sum(a[i][k] * b[k][j] for k in range(len(b))))
        result.append(row)
    return result


def power(matrix, exponent):
    result = identity(len(matrix))
    for _ in range(exponent):
        result = multiply(result, matrix)
    return result
