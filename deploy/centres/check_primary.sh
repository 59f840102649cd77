#!/bin/sh
# For keepalived: is PostgreSQL of this centre the primary? The argument: centre.env.
set -eu
. "$1"
[ "$("$PGBIN/psql" -h "$PGSOCKETS" -U hotline -d postgres -Atc 'SELECT pg_is_in_recovery()')" = f ]
