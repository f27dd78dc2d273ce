#!/bin/bash
# Tests clean.sh.
folder=$(mktemp -d)
touch "$folder/a.tmp" "$folder/b c.tmp" "$folder/keep.txt"
bash clean.sh "$folder" > /dev/null
left=$(ls "$folder")
rm -r "$folder"
if [ "$left" != keep.txt ]; then
  echo "expected keep.txt to be left, found: $left"
  exit 1
fi
echo passed
