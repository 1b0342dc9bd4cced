//! Numbers as people read them.

/// With a comma after every third digit: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Rounded to a whole number.
#[expect(clippy::cast_sign_loss, reason = "rates are not negative")]
pub(crate) fn rounded(number: f64) -> String {
    grouped(number.round() as u64)
}

/// Three digits and the unit that suits: `12.3 ms`.
pub(crate) fn time(us: u64) -> String {
    scaled(us, &[(1, "µs"), (1_000, "ms"), (1_000_000, "s")])
}

/// Three digits and the unit that suits: `1.35 GB`.
pub(crate) fn bytes(bytes: u64) -> String {
    scaled(
        bytes,
        &[
            (1, "B"),
            (1_000, "kB"),
            (1_000_000, "MB"),
            (1_000_000_000, "GB"),
            (1_000_000_000_000, "TB"),
        ],
    )
}

/// Three digits and the unit that suits: `37.4 MiB`.
pub(crate) fn memory(bytes: u64) -> String {
    scaled(
        bytes,
        &[
            (1, "B"),
            (1 << 10, "KiB"),
            (1 << 20, "MiB"),
            (1 << 30, "GiB"),
        ],
    )
}

/// `1 window`, `2 windows`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn scaled(number: u64, units: &[(u64, &str)]) -> String {
    let (size, unit) = units
        .iter()
        .rfind(|(size, _)| number >= *size)
        .unwrap_or(&units[0]);
    let number = number as f64 / *size as f64;
    let places = match number {
        _ if *size == 1 => 0,
        0.0..9.995 => 2,
        9.995..99.95 => 1,
        _ => 0,
    };
    format!("{number:.places$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        for (number, want) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), want);
        }
        for (us, want) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_234, "1.23 ms"),
            (12_345, "12.3 ms"),
            (99_960, "100 ms"),
            (123_456, "123 ms"),
            (61_000_000, "61.0 s"),
        ] {
            assert_eq!(time(us), want);
        }
        assert_eq!(bytes(1_350_000_000), "1.35 GB");
        assert_eq!(memory(39 << 20), "39.0 MiB");
        assert_eq!(
            (counted(1, "window"), counted(2, "window")),
            ("1 window".to_owned(), "2 windows".to_owned())
        );
    }
}
