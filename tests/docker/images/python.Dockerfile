# In place of python:3.11-slim-bookworm: Debian's own Python 3.11, under the names that the real image has for it.
FROM sawmill-test/debian:12
RUN ln -s /usr/bin/python3 /usr/local/bin/python && rm /usr/lib/python3.11/EXTERNALLY-MANAGED
