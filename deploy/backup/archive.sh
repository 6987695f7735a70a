#!/bin/sh
# Keep the folders of stopped stores, or put them back: archive.sh save|load FOLDER NAME=PATH…
# Kafka's, Postgres' and the object store's are the data; ClickHouse and search are rebuilt from Kafka's log.
set -eu

[ $# -ge 3 ] || { echo "usage: archive.sh save|load FOLDER NAME=PATH…" >&2; exit 2; }
what=$1 folder=$2
shift 2

case $what in
save)
  for pair; do
    if [ -n "$(find "${pair#*=}" -maxdepth 3 -name postmaster.pid)" ]; then
      echo "${pair%%=*} runs: stop everything first, a copy of a running store is none" >&2
      exit 3
    fi
  done
  mkdir -p "$folder"
  for pair; do
    tar --numeric-owner --create --gzip --file "$folder/${pair%%=*}.tar.gz" --directory "${pair#*=}" .
  done
  (cd "$folder" && for pair; do sha256sum "${pair%%=*}.tar.gz"; done >SHA256SUMS)
  ;;
load)
  (cd "$folder" && sha256sum --quiet --check SHA256SUMS) || { echo "the backup is damaged: nothing was changed" >&2; exit 4; }
  for pair; do
    if [ -n "$(ls -A "${pair#*=}" 2>/dev/null)" ]; then
      echo "${pair#*=} holds something: empty it first" >&2
      exit 5
    fi
  done
  for pair; do
    mkdir -p "${pair#*=}"
    tar --numeric-owner --extract --preserve-permissions --gzip --file "$folder/${pair%%=*}.tar.gz" --directory "${pair#*=}"
  done
  ;;
*)
  echo "archive.sh save or load, not $what" >&2
  exit 2
  ;;
esac
