set -e
bash test.sh
log=$(mktemp)
trap 'rm "$log"' EXIT
printf '%s\n' \
  '2024-05-01 08:00:00 ERROR one' \
  '2024-05-01 08:00:01 INFO an ERROR in the text' \
  '2024-05-01 08:00:02 ERROR two ERROR words' \
  '2024-05-01 08:00:03 INFO ERROR' \
  '2024-05-01 08:00:04 ERROR three' \
  '2024-05-01 08:00:05 WARNING low' > "$log"
[ "$(bash errors.sh "$log")" = 3 ]
printf '%s\n' '2024-05-01 08:00:01 INFO no ERROR' '2024-05-01 08:00:02 INFO fine' > "$log"
[ "$(bash errors.sh "$log")" = 0 ]
if bash errors.sh /none/such.log 2> /dev/null; then exit 1; fi
