# In place of rust:1.95-bookworm: Debian 12, a C compiler, and the toolchain that runs the tests (the context).
FROM sawmill-test/debian:12
COPY bin /usr/local/bin
COPY lib /usr/local/lib
ENV CARGO_HOME=/usr/local/cargo
