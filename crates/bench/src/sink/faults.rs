//! What goes wrong on purpose, and how long an answer takes: all from a seed.
//!
//! The dice of a request depend on the seed and on its number in the order of arrival, so a run with one connection
//! goes wrong in the same places every time.

use std::time::Duration;

use super::args::SinkArgs;
use super::error::SinkError;

/// What becomes of a bulk request that is not simply stored and answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is stored and the answer never comes; the connection stays open.
    Hang,
    /// All is stored and the connection is reset in the answer's place.
    Lost,
    /// Nothing is stored and the connection is reset.
    Reset,
    /// All is stored and the answer comes late.
    Slow,
    /// Nothing is stored and the request as a whole gets this status.
    Status(u16),
}

impl Fault {
    /// Every name that [`parse`](Self::parse) takes.
    const NAMES: &str = "429, 500, 503, hang, lost, reset or slow";

    fn parse(name: &str) -> Result<Self, String> {
        Ok(match name {
            "429" => Self::Status(429),
            "500" => Self::Status(500),
            "503" => Self::Status(503),
            "hang" => Self::Hang,
            "lost" => Self::Lost,
            "reset" => Self::Reset,
            "slow" => Self::Slow,
            _ => return Err(format!("`{name}` is no fault: give {}", Self::NAMES)),
        })
    }

    /// The name by which it is asked for and counted.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hang => "hang",
            Self::Lost => "lost",
            Self::Reset => "reset",
            Self::Slow => "slow",
            Self::Status(429) => "429",
            Self::Status(503) => "503",
            Self::Status(_) => "500",
        }
    }
}

/// Reads `429=1%`: a fault and the share of requests that it befalls.
pub(crate) fn request_share(text: &str) -> Result<(Fault, f64), String> {
    let (name, share) = text
        .split_once('=')
        .ok_or("give FAULT=SHARE, such as 429=1%")?;
    Ok((Fault::parse(name)?, super::units::share(share)?))
}

/// Reads `400=0.1%`: a status and the share of documents that get it.
pub(crate) fn document_share(text: &str) -> Result<(u16, f64), String> {
    const STATUSES: [u16; 7] = [400, 403, 404, 409, 429, 500, 503];
    let (status, share) = text
        .split_once('=')
        .ok_or("give STATUS=SHARE, such as 400=0.1%")?;
    let known = status.parse().ok().filter(|it| STATUSES.contains(it));
    let status = known.ok_or_else(|| {
        format!("`{status}` is no status of a document: give one of {STATUSES:?}")
    })?;
    Ok((status, super::units::share(share)?))
}

/// The faults and latencies of a run, checked.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    /// With the sum of the shares up to and including each, so that one throw picks.
    requests: Vec<(Fault, f64)>,
    documents: Vec<(u16, f64)>,
    latency: Duration,
    jitter: Duration,
    slow_by: Duration,
}

/// What one bulk request will meet, decided before its body is read.
#[derive(Debug)]
pub(crate) struct Fate {
    pub(crate) fault: Option<Fault>,
    /// From the end of the request to the beginning of its answer.
    pub(crate) latency: Duration,
    dice: fastrand::Rng,
}

impl Faults {
    /// Checks that the shares leave room for each other and the jitter fits the latency.
    pub(crate) fn new(args: &SinkArgs) -> Result<Self, SinkError> {
        if args.jitter > args.latency {
            return Err(SinkError::Jitter {
                jitter: args.jitter,
                latency: args.latency,
            });
        }
        Ok(Self {
            seed: args.fault_seed,
            requests: summed("--fault", &args.fault)?,
            documents: summed("--reject", &args.reject)?,
            latency: args.latency,
            jitter: args.jitter,
            slow_by: args.slow_by,
        })
    }

    /// Throws the dice for the request of this number.
    pub(crate) fn fate(&self, request: u64) -> Fate {
        let mut dice =
            fastrand::Rng::with_seed(self.seed ^ request.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let fault = pick(&self.requests, &mut dice);
        let mut latency = self.latency;
        if !self.jitter.is_zero() {
            let swing = self.jitter.mul_f64(2.0 * dice.f64());
            // The jitter is at most the latency.
            latency = (latency + swing).saturating_sub(self.jitter);
        }
        if fault == Some(Fault::Slow) {
            latency += self.slow_by;
        }
        Fate {
            fault,
            latency,
            dice,
        }
    }

    /// The documents of a request that are not stored: their places in it, in order, and their statuses.
    pub(crate) fn rejected(&self, fate: &mut Fate, documents: usize) -> Vec<(usize, u16)> {
        if self.documents.is_empty() {
            return Vec::new();
        }
        (0..documents)
            .filter_map(|place| Some((place, pick(&self.documents, &mut fate.dice)?)))
            .collect()
    }
}

fn pick<T: Copy>(shares: &[(T, f64)], dice: &mut fastrand::Rng) -> Option<T> {
    if shares.is_empty() {
        return None;
    }
    let thrown = dice.f64();
    shares
        .iter()
        .find(|(_, sum)| thrown < *sum)
        .map(|(what, _)| *what)
}

fn summed<T: Copy>(option: &'static str, shares: &[(T, f64)]) -> Result<Vec<(T, f64)>, SinkError> {
    let mut sum = 0.0;
    let summed = shares
        .iter()
        .map(|&(what, share)| {
            sum += share;
            (what, sum)
        })
        .collect();
    // A little more than all is a matter of rounding.
    if sum > 1.0 + 1e-9 {
        return Err(SinkError::Shares { option, sum });
    }
    Ok(summed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl FnOnce(&mut SinkArgs)) -> Result<Faults, SinkError> {
        let mut args = SinkArgs::for_tests();
        change(&mut args);
        Faults::new(&args)
    }

    #[test]
    fn faults_come_in_the_asked_share_and_from_the_seed() {
        let faults = faults(|args| {
            args.fault = vec![(Fault::Status(429), 0.2), (Fault::Reset, 0.1)];
            args.reject = vec![(400, 0.05)];
        })
        .unwrap();
        let count = |wanted| {
            (0..10_000)
                .filter(|&request| faults.fate(request).fault == wanted)
                .count()
        };
        assert!((1800..2200).contains(&count(Some(Fault::Status(429)))));
        assert!((900..1100).contains(&count(Some(Fault::Reset))));
        assert_eq!(count(Some(Fault::Hang)), 0);
        let once = faults.rejected(&mut faults.fate(3), 10_000);
        let again = faults.rejected(&mut faults.fate(3), 10_000);
        assert_eq!(once, again);
        assert!((400..600).contains(&once.len()), "{}", once.len());
        assert_ne!(once, faults.rejected(&mut faults.fate(4), 10_000));
    }

    #[test]
    fn latency_stays_within_its_jitter_and_slow_ones_take_longer() {
        let ms = Duration::from_millis;
        let faults = faults(|args| {
            args.latency = ms(100);
            args.jitter = ms(20);
            args.slow_by = ms(1000);
            args.fault = vec![(Fault::Slow, 0.5)];
        })
        .unwrap();
        for request in 0..1000 {
            let fate = faults.fate(request);
            let slow = if fate.fault.is_some() {
                ms(1000)
            } else {
                ms(0)
            };
            assert!(fate.latency >= ms(80) + slow && fate.latency <= ms(120) + slow);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let reason = |result: Result<Faults, SinkError>| result.unwrap_err().to_string();
        let jitter = reason(faults(|args| args.jitter = Duration::from_millis(1)));
        assert!(jitter.contains("--jitter 1ms"), "{jitter}");
        let shares = reason(faults(|args| args.reject = vec![(400, 0.6), (429, 0.6)]));
        assert!(
            shares.contains("--reject") && shares.contains("120.00 %"),
            "{shares}"
        );
        for bad in ["429", "418=1%", "429=x", "429=200%", "=1%"] {
            assert!(request_share(bad).is_err(), "{bad}");
        }
        for bad in ["400", "201=1%", "400=x", "99999=1%"] {
            assert!(document_share(bad).is_err(), "{bad}");
        }
        assert_eq!(request_share("lost=1%"), Ok((Fault::Lost, 0.01)));
        assert_eq!(document_share("400=0.5"), Ok((400, 0.5)));
    }
}
