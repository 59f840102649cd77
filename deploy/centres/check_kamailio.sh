#!/bin/sh
# For keepalived: does Kamailio of this centre work? The argument: centre.env.
set -eu
. "$1"
curl --fail --silent --max-time 2 --output /dev/null --header 'Content-Type: application/json' \
  --data '{"jsonrpc":"2.0","id":1,"method":"dispatcher.list"}' "$KAMAILIO_RPC"
