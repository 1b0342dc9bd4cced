# Under all other stand-ins: the Debian of tests/debian, which trusts and asks whom the machine that builds it does (the
# context), so that cargo and pip inside reach what they reach outside.
ARG DEBIAN
FROM $DEBIAN
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY pip.conf /etc/pip.conf
COPY cargo.toml /usr/local/cargo/config.toml
