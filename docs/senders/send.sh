#!/bin/bash
# Sends one document to the agent and does not stop before it has an answer that counts.
#   send.sh FILE [CONTENT-TYPE] [http://127.0.0.1:8470]
# Exit: 0 kept (stored, or known already), 1 refused (correct it), 2 put aside for a person.
# TILLRELAY_TOKEN is sent as a bearer token where it is set; TILLRELAY_TRIES bounds the repeats.
set -u
file=$1
type=${2:-application/json}
base=${3:-http://127.0.0.1:8470}
tries=${TILLRELAY_TRIES:-0}  # 0: for ever
body=$(mktemp) head=$(mktemp)
trap 'rm -f "$body" "$head"' EXIT
auth=()
[ -n "${TILLRELAY_TOKEN:-}" ] && auth=(-H "Authorization: Bearer $TILLRELAY_TOKEN")

wait_s=1
for ((try = 1; ; try++)); do
  code=$(curl -sS --max-time 30 -o "$body" -D "$head" -w '%{http_code}' "${auth[@]}" \
    -H "Content-Type: $type" -H 'Expect:' --data-binary "@$file" "$base/v1/events")
  case $code in
    200)
      cat "$body"
      echo
      grep -q '"quarantined":0' "$body" && exit 0
      if ! grep -q '"refused":[1-9]' "$body"; then
        echo "put aside for a person: see ticket and reason above" >&2
        exit 2
      fi
      asked=$(tr -d '\r' <"$head" | awk 'tolower($1) == "retry-after:" {print $2}')
      ;;
    408 | 429 | 5*) asked=$(tr -d '\r' <"$head" | awk 'tolower($1) == "retry-after:" {print $2}') ;;
    000) asked= ;; # no answer: nobody knows what became of it, so send the same again
    *)
      cat "$body" >&2
      echo >&2
      exit 1
      ;;
  esac
  if ((tries > 0 && try >= tries)); then
    echo "no answer that counts after $try tries (last: $code)" >&2
    exit 3
  fi
  [[ ${asked:-} =~ ^[0-9]+$ ]] && wait_s=$asked
  echo "answer $code, again in $wait_s s" >&2
  sleep "$wait_s"
  wait_s=$((wait_s * 2 > 60 ? 60 : wait_s * 2))
done
