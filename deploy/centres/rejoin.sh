#!/bin/sh
# A centre follows the primary again, from nothing: what its PostgreSQL held is set aside, never deleted. As root:
#
#   rejoin.sh [/etc/hotline/centre.env]
#
# PostgreSQL of a centre must not start by itself at boot (systemctl disable postgresql@15-hotline): a primary that
# comes back would claim the database's address. It comes back through this script alone.
set -eu
. "${1:-/etc/hotline/centre.env}"

$PGRUN "$PGBIN/pg_ctl" -D "$PGDATA" -m immediate -w stop 2>/dev/null || true
if [ -e "$PGDATA" ]; then
  cp "$PGDATA/own.conf" "$PGDATA.own.conf"
  mv "$PGDATA" "$PGDATA.before-$(date +%Y%m%dT%H%M%S)"
fi
$PGRUN "$PGBIN/pg_basebackup" -h "$DATABASE_ADDRESS" -U replication -D "$PGDATA" -X stream -c fast
$PGRUN cp "$PGDATA.own.conf" "$PGDATA/own.conf"
$PGRUN rm -f "$PGDATA/postgresql.auto.conf"
$PGRUN touch "$PGDATA/postgresql.auto.conf" "$PGDATA/standby.signal"
$PGRUN "$PGBIN/pg_ctl" -D "$PGDATA" -w -l "$PGDATA/server.log" start >/dev/null
redis-cli -p "$REDIS_PORT" REPLICAOF "$DATABASE_ADDRESS" "$REDIS_PORT" >/dev/null || echo 'Redis does not answer' >&2
echo "$CENTRE follows $DATABASE_ADDRESS"
