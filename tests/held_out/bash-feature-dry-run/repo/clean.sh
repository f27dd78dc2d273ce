#!/bin/bash
# Deletes the files in a folder whose names end in .tmp: clean.sh FOLDER
folder=$1
if [ ! -d "$folder" ]; then
  echo "clean.sh: no folder: $folder" >&2
  exit 1
fi
for file in "$folder"/*.tmp; do
  [ -e "$file" ] || continue
  rm "$file"
  echo "deleted $file"
done
