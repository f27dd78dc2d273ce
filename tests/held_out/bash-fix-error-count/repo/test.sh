#!/bin/bash
# Tests errors.sh.
count=$(bash errors.sh sample.log)
if [ "$count" != 2 ]; then
  echo "expected 2 errors in sample.log, got: $count"
  exit 1
fi
echo passed
