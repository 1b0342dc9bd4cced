# Sawmill in an image of its own: the program, the C library that it was measured with, and nothing else that runs.
#
#   docker build -t sawmill .
#   docker run --read-only --cap-drop=ALL -p 5044:5044 \
#     -e ELASTICSEARCH_HOSTS=http://es:9200 -e LOGSTASH_WRITER_PASSWORD=… sawmill
#
# It takes the place of a Logstash container: docs/replacing-logstash.md.

FROM rust:1.95-bookworm AS build
WORKDIR /sawmill
COPY . .
# Nobody debugs in here, so line tables would only make it larger.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/sawmill/target \
    CARGO_PROFILE_RELEASE_DEBUG=none CARGO_PROFILE_RELEASE_STRIP=symbols \
    cargo build --release --locked --package sawmill-server \
    && cp target/release/sawmill /usr/local/bin/

# What the image holds. The loader and the libraries are those that the program asks for; in Debian 12 the C library
# looks up names by itself (nss_files and nss_dns are part of libc.so.6), and nsswitch.conf says: /etc/hosts first.
# Time zones are inside the program.
RUN mkdir -p /image/etc /image/sawmill-data /image/usr/share/logstash/pipeline \
    && cp --parents --dereference /usr/local/bin/sawmill /etc/ssl/certs/ca-certificates.crt \
       $(ldd /usr/local/bin/sawmill | grep -o '/[^ ]*') /image \
    && cp --parents LICENSE NOTICE /image/usr/share \
    && echo 'hosts: files dns' > /image/etc/nsswitch.conf \
    && echo 'sawmill:x:1000:1000::/:' > /image/etc/passwd \
    && echo 'sawmill:x:1000:' > /image/etc/group \
    && chown 1000:1000 /image/sawmill-data

FROM scratch
COPY --from=build /image /
ENV PATH=/usr/local/bin
# The user id that Logstash's image has: what was readable to it still is.
USER 1000:1000
# Dead letters and, without Elasticsearch, events; the only place that is written to.
VOLUME /sawmill-data
# Beats, and health as Logstash tells it; the latter inside only, unless SAWMILL_API__LISTEN=0.0.0.0:9600.
EXPOSE 5044 9600
# A window of no events, which must be acknowledged.
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["sawmill", "healthcheck"]
# Pending windows are settled and acknowledged, then it exits with 0. That may take shutdown.timeout, 30 s, which is more
# than the 10 s that `docker stop` gives unless it is told otherwise (--time, or stop_grace_period in a compose file).
STOPSIGNAL SIGTERM
ENTRYPOINT ["sawmill"]
CMD ["run"]
