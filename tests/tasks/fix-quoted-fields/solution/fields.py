"""Lines of comma-separated fields."""


def split_line(line):
    """The fields of a line. A field may stand in double quotes; inside, commas are text and "" is one quote."""
    fields, field, quoted, at = [], "", False, 0
    while at < len(line):
        character = line[at]
        if quoted and line[at : at + 2] == '""':
            field += '"'
            at += 1
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            fields.append(field)
            field = ""
        else:
            field += character
        at += 1
    return [*fields, field]


def join_line(fields):
    """The line of these fields; those with a comma or quote in them are quoted."""
    return ",".join(_quoted(field) for field in fields)


def _quoted(field):
    if "," in field or '"' in field:
        return '"' + field.replace('"', '""') + '"'
    return field
