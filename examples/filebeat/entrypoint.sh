#!/bin/sh
# Fills the template in and becomes Filebeat.
set -eu
: "${LOGSTASH_HOST:=logstash}" "${LOGSTASH_PORT:=5044}"
sed -e "s|\${LOGSTASH_HOST}|$LOGSTASH_HOST|g" -e "s|\${LOGSTASH_PORT}|$LOGSTASH_PORT|g" \
  /filebeat.template.yml > /usr/share/filebeat/filebeat.yml
exec /usr/share/filebeat/filebeat -e -c /usr/share/filebeat/filebeat.yml "$@"
