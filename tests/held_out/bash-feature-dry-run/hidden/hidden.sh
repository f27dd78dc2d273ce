set -e
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
touch "$folder/a.tmp" "$folder/b c.tmp" "$folder/keep.txt"
[ "$(bash clean.sh -n "$folder")" = "$(printf 'would delete %s\nwould delete %s' "$folder/a.tmp" "$folder/b c.tmp")" ]
[ -e "$folder/a.tmp" ]
[ -e "$folder/b c.tmp" ]
[ -e "$folder/keep.txt" ]
[ "$(bash clean.sh "$folder")" = "$(printf 'deleted %s\ndeleted %s' "$folder/a.tmp" "$folder/b c.tmp")" ]
[ ! -e "$folder/a.tmp" ]
[ ! -e "$folder/b c.tmp" ]
[ -e "$folder/keep.txt" ]
[ -z "$(bash clean.sh -n "$folder")" ]
if bash clean.sh "$folder/none" 2> /dev/null; then exit 1; fi
if bash clean.sh -n "$folder/none" 2> /dev/null; then exit 1; fi
bash test.sh
