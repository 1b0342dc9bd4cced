//! Events as a Filebeat 8.11 sends them, made from a seed.
