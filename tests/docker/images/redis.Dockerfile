# In place of redis:7-bookworm: Debian's own Redis 7.0.
FROM sawmill-test/debian:12
CMD ["redis-server", "--protected-mode", "no", "--save", ""]
