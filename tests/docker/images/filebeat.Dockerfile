# In place of docker.elastic.co/beats/filebeat:8.11.0: in truth the 7.17.29 of tests/filebeat (the context), which speaks
# the same protocol through the same library.
FROM sawmill-test/debian:12
COPY filebeat /usr/share/filebeat/filebeat
RUN useradd --uid 1000 filebeat
USER filebeat
