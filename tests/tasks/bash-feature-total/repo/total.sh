#!/bin/bash
# Prints the sum of the whole numbers on standard input, one in each line: total.sh < FILE
sum=0
while read -r number; do
  sum=$((sum + number))
done
echo "$sum"
