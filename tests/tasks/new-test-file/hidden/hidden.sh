# The tests pass on what is right and fail on each of three wrong versions.
set -e
git diff --no-index --quiet hidden_leap.py leap.py
python3 -m pytest -q test_leap.py
for wrong in 'year % 4 == 0' 'year % 4 == 0 and year % 100 != 0' 'year % 400 == 0'; do
  printf 'def is_leap(year):\n    return %s\n' "$wrong" > leap.py
  if python3 -m pytest -q test_leap.py; then echo "not found to be wrong: $wrong"; exit 1; fi
done
