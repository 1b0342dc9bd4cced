# In place of docker.elastic.co/elasticsearch/elasticsearch:8.11.0, which cannot be had where the tests run: in truth it is
# the 8.19.0 of tests/elasticsearch (the context is its jars), with the variables of the real image's that we use.
FROM sawmill-test/debian:12
COPY jars /parts/jars
COPY classes /parts/classes
COPY log4j2.properties start /tests/
COPY entrypoint /usr/local/bin/entrypoint
RUN mkdir -p /usr/share/elasticsearch/data && chown 1000:0 /usr/share/elasticsearch/data
USER 1000:0
ENTRYPOINT ["entrypoint"]
