#!/bin/bash
# Prints how many errors a log file has: errors.sh FILE
# A line of the log: DATE TIME LEVEL MESSAGE
file=$1
if [ ! -f "$file" ]; then
  echo "errors.sh: no file: $file" >&2
  exit 1
fi
grep -c ERROR "$file"
