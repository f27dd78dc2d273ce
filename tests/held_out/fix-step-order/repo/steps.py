"""In which order the steps of a build run."""


def order(needs):
    """All steps, each after the ones that it needs.

    `needs` maps a step to the list of the steps it needs. Raises ValueError when steps need each other in a circle.
    """
    ordered = []
    seen = set()

    def visit(step):
        if step in seen:
            raise ValueError(f"{step} needs itself")
        seen.add(step)
        for needed in needs.get(step, []):
            visit(needed)
        ordered.append(step)

    for step in needs:
        if step not in seen:
            visit(step)
    return ordered
