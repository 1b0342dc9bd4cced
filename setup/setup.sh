#!/usr/bin/env bash
# Makes what Sawmill needs in Elasticsearch, once: role, user and index template. It may run again at any time; it
# leaves everything as these files say. Takes ELASTICSEARCH_URL and, of the user elastic, ELASTIC_PASSWORD.
set -euo pipefail
cd "$(dirname "$0")"
user=${ELASTICSEARCH_USER:-logstash_writer_pt}

put() {
  echo "setup: PUT $1"
  curl --silent --show-error --fail-with-body --retry 30 --retry-delay 2 --retry-all-errors \
    --user "elastic:$ELASTIC_PASSWORD" --header 'content-type: application/json' --output /dev/stderr \
    --request PUT "$ELASTICSEARCH_URL$1" --data-binary @-
  echo >&2
}

# text VALUE: as a text of JSON.
text() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\"]/\\&/g')"; }

put /_security/role/logstash_writer_pt < elasticsearch-role-user-logstash-writer.json
# The user is no file: its password is nobody's but yours.
put "/_security/user/$user" <<JSON
{ "password": $(text "$LOGSTASH_WRITER_PASSWORD"), "roles": ["logstash_writer_pt"],
  "full_name": "Logstash writer for PT data streams" }
JSON
put /_index_template/pt-logs < elasticsearch-index-template-pt-logs.json
# Kibana must not log in as elastic.
if [ -n "${KIBANA_PASSWORD:-}" ]; then
  put /_security/user/kibana_system/_password <<< "{ \"password\": $(text "$KIBANA_PASSWORD") }"
fi
echo 'setup: done'
