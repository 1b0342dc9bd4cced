//! The command line of `sawmill bench`.
