#!/bin/sh
# Starts `hotline ARGUMENTS` on a data folder that may be empty: what set-up has made at build time (models, index,
# trained readers) is taken from the image, and taken anew when the image is newer.
set -eu
made="${HOTLINE_MADE:-/opt/hotline/var}"
data="${HOTLINE_DATA__DIRECTORY:-/var/lib/hotline}"
program="${HOTLINE_PROGRAM:-/opt/hotline/.venv/bin/hotline}"
mkdir -p "$data"
ln -sfn "$made/models" "$data/models"
for folder in setup index orders; do
  if [ -d "$made/$folder" ]; then
    mkdir -p "$data/$folder"
    cp -R -u "$made/$folder/." "$data/$folder/"
  fi
done
exec "$program" "$@"
