"""Files with lines like KEY=value."""


def parse_env(text):
    values = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if "=" not in line:
            raise ValueError(f"no = in line: {line}")
        key, value = line.split("=", 1)
        values[key.strip()] = value.strip()
    return values
