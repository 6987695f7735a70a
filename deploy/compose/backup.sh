#!/bin/sh
# Backup of the stack of this folder: backup.sh save|load FOLDER. It stands meanwhile. FOLDER: an absolute path, a new one each time.
# After a load ClickHouse and search are empty: they are rebuilt from the log, by the sinks from its beginning.
set -eu
cd "$(dirname "$0")"
what=$1 folder=$2

archive() {
  docker run --rm --user 0 --volume "$folder:/backup" --volume "$PWD/../backup/archive.sh:/archive.sh:ro" \
    --volume clipstream_kafka:/data/kafka --volume clipstream_postgres:/data/postgres --volume clipstream_objects:/data/objects \
    postgres:18 sh /archive.sh "$what" /backup kafka=/data/kafka postgres=/data/postgres objects=/data/objects
}

case $what in
save)
  docker compose stop
  archive
  docker compose start
  ;;
load)
  docker compose down
  docker volume rm --force clipstream_kafka clipstream_postgres clipstream_objects clipstream_clickhouse clipstream_search
  archive
  docker compose run --rm migrate
  for sink in clickhouse meilisearch; do
    docker compose run --rm --no-deps migrate python -m streams --rewind "$sink"
  done
  docker compose up --detach
  ;;
*)
  echo "backup.sh save or load, not $what" >&2
  exit 2
  ;;
esac
