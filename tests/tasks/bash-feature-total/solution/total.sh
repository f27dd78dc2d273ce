#!/bin/bash
# Prints the sum of the whole numbers on standard input, one in each line, or with -m the largest: total.sh [-m] < FILE
sum=0
largest=
while read -r number; do
  sum=$((sum + number))
  if [ -z "$largest" ] || [ "$number" -gt "$largest" ]; then
    largest=$number
  fi
done
if [ "$1" = -m ]; then
  echo "$largest"
else
  echo "$sum"
fi
