"""Lines of comma-separated fields."""


def split_line(line):
    """The fields of a line. A field may stand in double quotes; inside, commas are text and "" is one quote."""
    return [field.strip('"') for field in line.split(",")]


def join_line(fields):
    """The line of these fields; those with a comma or quote in them are quoted."""
    return ",".join(_quoted(field) for field in fields)


def _quoted(field):
    if "," in field or '"' in field:
        return '"' + field.replace('"', '""') + '"'
    return field
