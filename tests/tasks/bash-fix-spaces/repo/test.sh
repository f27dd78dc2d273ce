#!/bin/bash
# Tests count.sh.
folder=$(mktemp -d)
printf 'a\nb\n' > "$folder/plain"
printf 'a\n' > "$folder/with blank"
expected="2 $folder/plain
1 $folder/with blank"
printed=$(bash count.sh "$folder/plain" "$folder/with blank")
if [ "$printed" != "$expected" ]; then
  echo "expected: $expected"
  echo "printed: $printed"
  exit 1
fi
echo passed
