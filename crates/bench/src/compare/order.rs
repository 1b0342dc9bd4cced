//! Who comes when.

/// The places of so many contenders in a repeat, from 0: forwards, then backwards, and so on.
///
/// What changes over time, such as a machine that gets warm or a neighbour that wakes up, then falls on all alike.
pub(super) fn order(contenders: usize, repeat: u32) -> Vec<usize> {
    if repeat.is_multiple_of(2) {
        (0..contenders).collect()
    } else {
        (0..contenders).rev().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_other_repeat_goes_backwards() {
        let turns: Vec<_> = (0..3).map(|repeat| order(3, repeat)).collect();
        assert_eq!(turns, [[0, 1, 2], [2, 1, 0], [0, 1, 2]]);
    }
}
