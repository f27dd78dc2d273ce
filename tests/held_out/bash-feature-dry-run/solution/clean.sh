#!/bin/bash
# Deletes the files in a folder whose names end in .tmp, or with -n only says which: clean.sh [-n] FOLDER
dry=
if [ "$1" = -n ]; then
  dry=yes
  shift
fi
folder=$1
if [ ! -d "$folder" ]; then
  echo "clean.sh: no folder: $folder" >&2
  exit 1
fi
for file in "$folder"/*.tmp; do
  [ -e "$file" ] || continue
  if [ -n "$dry" ]; then
    echo "would delete $file"
  else
    rm "$file"
    echo "deleted $file"
  fi
done
