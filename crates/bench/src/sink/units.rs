//! Sizes and shares as they are typed on a command line.

/// Reads `4096`, `64kB`, `100MB` or `16MiB`, in bytes.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let unit_bytes: u64 = match unit {
        "" | "B" => 1,
        "kB" => 1000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return Err("give a number and B, kB, KiB, MB, MiB, GB or GiB, such as 100MB".into()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("`{number}` is no whole number"))?;
    number
        .checked_mul(unit_bytes)
        .ok_or_else(|| format!("{text} is more than a machine can count"))
}

/// Reads `1%`, `0.5%` or `0.005`: a share from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(number) => (number, 100.0),
        None => (text, 1.0),
    };
    let share = positive(number.trim_end())? / scale;
    if share > 1.0 {
        return Err(format!("{text} is more than all: write 5% or 0.05"));
    }
    Ok(share)
}

/// A count as a number to calculate with.
#[expect(
    clippy::cast_precision_loss,
    reason = "a count beyond 2^53 is not reached, and rates are rounded anyway"
)]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

fn positive(number: &str) -> Result<f64, String> {
    let value: f64 = number
        .parse()
        .map_err(|_| format!("`{number}` is no number"))?;
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(format!("`{number}` is not a number from 0 upwards"))
    }
}

fn split(text: &str) -> (&str, &str) {
    let unit = text
        .find(|character: char| character.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    (number.trim_end(), unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_and_may_have_a_unit() {
        for (text, want) in [
            ("4096", 4096),
            ("64kB", 64_000),
            ("1KiB", 1024),
            ("100 MB", 100_000_000),
            ("2GiB", 2 << 30),
        ] {
            assert_eq!(size(text), Ok(want), "{text}");
        }
        for bad in ["", "1.5MB", "-1", "1TB", "99999999999GiB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_share_is_at_most_all() {
        for (text, want) in [
            ("1%", 0.01),
            ("0.5 %", 0.005),
            ("0.25", 0.25),
            ("100%", 1.0),
        ] {
            assert_eq!(share(text), Ok(want), "{text}");
        }
        for bad in ["", "%", "101%", "5", "-1%", "NaN", "x"] {
            assert!(share(bad).is_err(), "{bad}");
        }
    }
}
