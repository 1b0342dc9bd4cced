//! The `sawmill` program.
fn main() {}
