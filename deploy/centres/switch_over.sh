#!/bin/sh
# Makes this centre the primary. Run it as root at the centre that takes over, after a person has decided so:
#
#   switch_over.sh [--alone] [/etc/hotline/centre.env]
#
# --alone: no other centre is left to confirm commits; orders are then safe at this centre only, until one has rejoined.
# Running it twice harms nothing. Planned: stop PostgreSQL of the old primary first (systemctl stop), then run this.
set -eu
alone=no
if [ "${1:-}" = --alone ]; then alone=yes; shift; fi
. "${1:-/etc/hotline/centre.env}"

say() { echo "$(date +%H:%M:%S.%3N) $CENTRE: $*"; }
sql() { "$PGBIN/psql" -h "$PGSOCKETS" -U hotline -d postgres -AtX -v ON_ERROR_STOP=1 -c "$1"; }

if [ "$(sql 'SELECT pg_is_in_recovery()')" = t ]; then
  if PGCONNECT_TIMEOUT=2 "$PGBIN/pg_isready" -q -t 2 -h "$DATABASE_ADDRESS"; then
    say "the primary at $DATABASE_ADDRESS still answers: stop it first" >&2
    exit 1
  fi
  if [ "$alone" = yes ]; then
    sql "ALTER SYSTEM SET synchronous_standby_names = ''" >/dev/null  # before it accepts anything: nothing must hang
    sql 'SELECT pg_reload_conf()' >/dev/null
    say 'alone: commits are confirmed by this centre only'
  fi
  say "replayed up to $(sql 'SELECT pg_last_wal_receive_lsn()')"
  [ "$(sql 'SELECT pg_promote(true, 40)')" = t ] || { say 'PostgreSQL could not be promoted' >&2; exit 1; }
  say 'PostgreSQL is the primary'
else
  say 'PostgreSQL is the primary already'
fi

redis-cli -p "$REDIS_PORT" REPLICAOF NO ONE >/dev/null || say 'Redis does not answer: nodes hear of each other through the database' >&2

tries=0
until ip -o address | grep -qF " $DATABASE_ADDRESS/"; do
  tries=$((tries + 1))
  [ "$tries" -lt 150 ] || { say "keepalived does not bring $DATABASE_ADDRESS here: see its log" >&2; exit 1; }
  sleep 0.1
done
say "$DATABASE_ADDRESS is here"
