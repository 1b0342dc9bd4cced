//! Values as they are typed on the command line.

use std::time::Duration;

/// Reads `250us`, `100ms`, `2s`, `1.5s` or `1m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let unit_at = text
        .find(|character: char| character.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let unit_seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err("give a number and us, ms, s or m, such as 100ms".to_owned()),
    };
    let number: f64 = number
        .trim_end()
        .parse()
        .map_err(|_| format!("`{number}` is no number"))?;
    Duration::try_from_secs_f64(number * unit_seconds)
        .map_err(|_| format!("`{text}` is no time that one could wait"))
}

/// Cores by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cores(pub(crate) Vec<u32>);

/// As many as Linux can name in a set.
const CORES_MAX: u32 = 1024;

/// Reads `1`, `0,2` or `0,2-3`.
pub(crate) fn cores(text: &str) -> Result<Cores, String> {
    let number = |text: &str| {
        let number = text.trim().parse().ok().filter(|core| *core < CORES_MAX);
        number
            .ok_or_else(|| format!("`{text}` is no core: give numbers from 0, such as 1 or 0,2-3"))
    };
    let mut cores = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            None => cores.push(number(part)?),
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last)?);
                if first > last {
                    return Err(format!("`{part}` runs backwards"));
                }
                cores.extend(first..=last);
            }
        }
    }
    Ok(Cores(cores))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        for (text, want) in [
            ("100ms", Some(Duration::from_millis(100))),
            ("1.5s", Some(Duration::from_millis(1500))),
            ("250 us", Some(Duration::from_micros(250))),
            ("2m", Some(Duration::from_mins(2))),
            ("0s", Some(Duration::ZERO)),
            ("100", None),
            ("ms", None),
            ("-1s", None),
            ("1h", None),
            ("infs", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(duration(text).ok(), want, "{text}");
        }
    }

    #[test]
    fn cores_are_numbers_and_ranges() {
        for (text, want) in [
            ("1", Some(vec![1])),
            ("0,2-4", Some(vec![0, 2, 3, 4])),
            ("", None),
            ("a", None),
            ("1-", None),
            ("3-1", None),
            ("4096", None),
        ] {
            assert_eq!(cores(text).ok().map(|cores| cores.0), want, "{text}");
        }
    }
}
