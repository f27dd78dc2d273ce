#!/bin/bash
# Prints the number of lines of each file that is named, and its name: count.sh FILE...
for file in $@; do
  echo "$(wc -l < $file) $file"
done
