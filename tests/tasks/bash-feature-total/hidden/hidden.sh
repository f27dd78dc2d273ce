set -e
[ "$(printf '3\n10\n7\n' | bash total.sh -m)" = 10 ]
[ "$(printf -- '-5\n-2\n' | bash total.sh -m)" = -2 ]
[ "$(printf '3\n10\n7\n' | bash total.sh)" = 20 ]
bash test.sh
