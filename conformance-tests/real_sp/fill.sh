#!/bin/sh
# Fills one template: fill.sh (oidc|mellon|shib) DIR NAME=VALUE...   (README.md says which names, and what else DIR must hold)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
module=$1 dir=$2
shift 2
mkdir -p "$dir/run" "$dir/logs"
cp -r "$here/apache/." "$here/$module/." "$dir/"
set -- "DIR=$dir" "$@"
for pair in "$@"; do
    name=${pair%%=*} value=$(printf '%s' "${pair#*=}" | sed 's/[\\&|]/\\&/g')
    for file in "$dir"/*.conf "$dir"/*.xml "$dir"/*.logger; do
        if [ -f "$file" ]; then sed -i "s|@$name@|$value|g" "$file"; fi
    done
done
if grep -n '@[A-Z_]*@' "$dir"/*.conf "$dir"/*.xml "$dir"/*.logger 2>/dev/null | grep -v '<!--'; then
    echo "fill.sh: the names above have no value" >&2
    exit 1
fi
# Root's Apache drops to www-data, whose workers read the pages and the keys and connect to shibd's socket.
if [ "$(id -u)" = 0 ]; then chown -R www-data:www-data "$dir"; fi
