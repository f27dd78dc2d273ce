set -e
python3 -m pytest -q
python3 -m pytest --markers | grep -q '@pytest.mark.slow'
python3 - <<'END'
import tomllib
content = tomllib.load(open("pyproject.toml", "rb"))
assert content["project"] == {"name": "thing", "version": "1.0", "description": "A thing"}
assert content["tool"]["pytest"]["ini_options"]["testpaths"] in (["tests"], "tests")
END
