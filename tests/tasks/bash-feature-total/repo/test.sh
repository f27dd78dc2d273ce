#!/bin/bash
# Tests total.sh.
printed=$(printf '1\n2\n30\n' | bash total.sh)
if [ "$printed" != 33 ]; then
  echo "expected 33, printed $printed"
  exit 1
fi
echo passed
