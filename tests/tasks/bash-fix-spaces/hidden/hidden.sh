set -e
folder=$(mktemp -d)
printf 'x\n' > "$folder/a  b"
printf 'x\ny\nz\n' > "$folder/*"
[ "$(bash count.sh "$folder/a  b" "$folder/*")" = "1 $folder/a  b
3 $folder/*" ]
[ "$(bash count.sh)" = "" ]
