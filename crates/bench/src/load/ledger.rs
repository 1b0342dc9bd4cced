//! What a connection has sent, and what of it is acknowledged: the strict reading of ACKs.

use std::collections::VecDeque;
use std::time::Instant;

use sawmill_lumberjack::{FirstBytes, Frame, KEEPALIVE, Limits, Step, Version, decode};

use crate::results::{Violation, ViolationKind};

const ACK_BYTES: usize = 6;

/// A window that the server has got some of and not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flight {
    /// From 1 on its connection.
    pub(super) number: u64,
    pub(super) events: u32,
    pub(super) json_bytes: u64,
    pub(super) wire_bytes: u64,
    /// When it was due, or its first byte was handed to the system.
    pub(super) begun: Instant,
    /// When its last byte was.
    pub(super) sent: Option<Instant>,
    /// It was acknowledged all the same.
    acknowledged_early: bool,
}

/// Whether a server may acknowledge parts of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partials {
    /// It may, as the protocol has it.
    Allowed,
    /// It may not.
    Refused,
}

/// What an acknowledgement means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// This window is settled.
    Settled(Flight),
    /// The server is at work.
    Keepalive,
    /// A part of the oldest window is.
    Partial,
    /// Nothing that could be used.
    Nothing,
}

/// The windows in flight on one connection.
#[derive(Debug)]
pub(super) struct Ledger {
    connection: u32,
    partials: Partials,
    flights: VecDeque<Flight>,
    windows_begun: u64,
    windows_settled: u64,
    /// Events of the window settled last.
    last_settled: Option<u32>,
    /// Events of the oldest window that a partial ACK covered.
    partly: u32,
    frame: [u8; ACK_BYTES],
    /// Bytes of `frame` that have come.
    filled: usize,
}

impl Ledger {
    pub(super) const fn new(connection: u32, partials: Partials) -> Self {
        Self {
            connection,
            partials,
            flights: VecDeque::new(),
            windows_begun: 0,
            windows_settled: 0,
            last_settled: None,
            partly: 0,
            frame: [0; ACK_BYTES],
            filled: 0,
        }
    }

    /// The connection, from 1.
    pub(super) const fn connection(&self) -> u32 {
        self.connection
    }

    /// Windows in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.flights.len()
    }

    /// Events in flight.
    pub(super) fn events_in_flight(&self) -> u64 {
        self.flights
            .iter()
            .map(|flight| u64::from(flight.events))
            .sum()
    }

    /// Windows settled so far.
    pub(super) const fn settled(&self) -> u64 {
        self.windows_settled
    }

    /// The first byte of a window leaves.
    pub(super) fn begin(&mut self, events: u32, json_bytes: u64, wire_bytes: u64, begun: Instant) {
        self.windows_begun += 1;
        self.flights.push_back(Flight {
            number: self.windows_begun,
            events,
            json_bytes,
            wire_bytes,
            begun,
            sent: None,
            acknowledged_early: false,
        });
    }

    /// The last byte of the youngest window has left.
    pub(super) fn complete(&mut self, now: Instant) {
        if let Some(youngest) = self.flights.back_mut() {
            youngest.sent = Some(now);
            if youngest.acknowledged_early {
                // Its early ACK was told; no other will come.
                self.flights.pop_back();
                self.windows_settled += 1;
            }
        }
    }

    /// Takes the next ACK off the head of `input`; nothing if it ends before.
    pub(super) fn hear(&mut self, input: &mut &[u8]) -> Option<(Heard, Option<Violation>)> {
        let taken = input.len().min(ACK_BYTES - self.filled);
        let (head, rest) = input.split_at(taken);
        self.frame[self.filled..][..taken].copy_from_slice(head);
        self.filled += taken;
        *input = rest;
        if self.filled < ACK_BYTES {
            return None;
        }
        self.filled = 0;
        Some(match decode(&self.frame, &Limits::default()) {
            Ok(Step::Frame(Version::V2, Frame::Ack(KEEPALIVE), _)) => self.keepalive(),
            Ok(Step::Frame(Version::V2, Frame::Ack(sequence), _)) => self.judge(sequence.get()),
            Ok(Step::Frame(Version::V1, Frame::Ack(_), _)) => self.wrong(
                ViolationKind::WrongVersion,
                "version 2".to_owned(),
                "version 1".to_owned(),
                Heard::Nothing,
            ),
            Ok(Step::Frame(..) | Step::Need(_)) | Err(_) => self.wrong(
                ViolationKind::Garbage,
                "an ACK".to_owned(),
                format!("`{}`", FirstBytes::of(&self.frame)),
                Heard::Nothing,
            ),
        })
    }

    fn keepalive(&self) -> (Heard, Option<Violation>) {
        if self.flights.is_empty() {
            let expected = "nothing: all is acknowledged".to_owned();
            let found = "a keepalive (ACK 0)".to_owned();
            return self.wrong(
                ViolationKind::StrayKeepalive,
                expected,
                found,
                Heard::Keepalive,
            );
        }
        (Heard::Keepalive, None)
    }

    fn judge(&mut self, sequence: u32) -> (Heard, Option<Violation>) {
        let Some(oldest) = self.flights.front().copied() else {
            let kind = if self.last_settled == Some(sequence) {
                ViolationKind::Twice
            } else {
                ViolationKind::Beyond
            };
            let expected = "nothing: all is acknowledged".to_owned();
            return self.wrong(kind, expected, sequence.to_string(), Heard::Nothing);
        };
        if sequence == oldest.events && oldest.sent.is_some() && !oldest.acknowledged_early {
            return (Heard::Settled(self.settle(0)), None);
        }
        self.judge_unexpected(sequence, oldest)
    }

    /// Anything but the whole of the oldest window.
    fn judge_unexpected(&mut self, sequence: u32, oldest: Flight) -> (Heard, Option<Violation>) {
        let expected = oldest.events.to_string();
        let found = sequence.to_string();
        if sequence == oldest.events {
            let (kind, expected) = if oldest.acknowledged_early {
                (ViolationKind::Twice, "nothing more".to_owned())
            } else {
                (
                    ViolationKind::Early,
                    "nothing before its last byte is sent".to_owned(),
                )
            };
            if let Some(oldest) = self.flights.front_mut() {
                oldest.acknowledged_early = true;
            }
            return self.wrong(kind, expected, found, Heard::Nothing);
        }
        if sequence < oldest.events && self.partials == Partials::Allowed && sequence >= self.partly
        {
            self.partly = sequence;
            return (Heard::Partial, None);
        }
        let younger = self
            .flights
            .iter()
            .position(|flight| flight.events == sequence);
        if let Some(place) = younger {
            let answer = self.wrong(ViolationKind::OutOfOrder, expected, found, Heard::Nothing);
            return (Heard::Settled(self.settle(place)), answer.1);
        }
        if self.last_settled == Some(sequence) {
            let found = format!("{found} again");
            return self.wrong(ViolationKind::Twice, expected, found, Heard::Nothing);
        }
        if sequence > oldest.events {
            return self.wrong(ViolationKind::Beyond, expected, found, Heard::Nothing);
        }
        let kind = if oldest.sent.is_some() {
            ViolationKind::Partial
        } else {
            ViolationKind::Early
        };
        self.wrong(kind, expected, found, Heard::Partial)
    }

    fn settle(&mut self, place: usize) -> Flight {
        let flight = self.flights.remove(place).expect("the place of a flight");
        self.windows_settled += 1;
        self.last_settled = Some(flight.events);
        self.partly = 0;
        flight
    }

    fn wrong(
        &self,
        kind: ViolationKind,
        expected: String,
        found: String,
        heard: Heard,
    ) -> (Heard, Option<Violation>) {
        let window = self
            .flights
            .front()
            .map_or(self.windows_begun, |oldest| oldest.number);
        let violation = Violation {
            kind,
            connection: self.connection,
            window,
            expected,
            found,
        };
        (heard, Some(violation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ViolationKind::{
        Beyond, Early, Garbage, OutOfOrder, Partial, StrayKeepalive, Twice, WrongVersion,
    };

    /// A window of three events and one of two, both sent.
    fn opened(partials: Partials) -> Ledger {
        let mut ledger = Ledger::new(1, partials);
        for events in [3, 2] {
            ledger.begin(events, 0, 0, Instant::now());
            ledger.complete(Instant::now());
        }
        ledger
    }

    fn ack(sequence: u32) -> Vec<u8> {
        [&b"2A"[..], &sequence.to_be_bytes()].concat()
    }

    /// What is wrong with these ACKs, one by one.
    fn kinds(ledger: &mut Ledger, acks: &[u32]) -> Vec<Option<ViolationKind>> {
        acks.iter()
            .map(|sequence| {
                let (_, violation) = ledger.hear(&mut &ack(*sequence)[..]).unwrap();
                violation.map(|violation| violation.kind)
            })
            .collect()
    }

    #[test]
    fn windows_are_settled_in_order() {
        let mut ledger = opened(Partials::Refused);
        let input = [ack(0), ack(3), ack(2)].concat();
        let mut input = &input[..];
        let mut heard = Vec::new();
        while let Some((what, violation)) = ledger.hear(&mut input) {
            assert_eq!(violation, None);
            heard.push(what);
        }
        assert!(matches!(
            heard[..],
            [
                Heard::Keepalive,
                Heard::Settled(Flight { number: 1, .. }),
                Heard::Settled(Flight { number: 2, .. })
            ]
        ));
        assert_eq!((ledger.in_flight(), ledger.settled()), (0, 2));
    }

    #[test]
    fn an_ack_may_come_byte_by_byte() {
        let mut ledger = opened(Partials::Refused);
        for byte in &ack(3)[..5] {
            assert!(ledger.hear(&mut &[*byte][..]).is_none());
        }
        assert!(matches!(
            ledger.hear(&mut &[3][..]),
            Some((Heard::Settled(_), None))
        ));
    }

    #[test]
    fn acks_against_the_protocol_are_told_apart() {
        for (acks, want) in [
            (&[3, 3][..], vec![None, Some(Twice)]),
            (&[3, 2, 2], vec![None, None, Some(Twice)]),
            (&[2, 3], vec![Some(OutOfOrder), None]),
            (&[1], vec![Some(Partial)]),
            (&[4], vec![Some(Beyond)]),
            (&[3, 2, 7], vec![None, None, Some(Beyond)]),
            (&[3, 2, 0], vec![None, None, Some(StrayKeepalive)]),
        ] {
            assert_eq!(
                kinds(&mut opened(Partials::Refused), acks),
                want,
                "{acks:?}"
            );
        }
    }

    #[test]
    fn partial_acks_may_be_allowed() {
        let mut ledger = opened(Partials::Allowed);
        assert_eq!(kinds(&mut ledger, &[1, 1, 2, 3, 1, 2]), [None; 6]);
        assert_eq!(ledger.in_flight(), 0);
        assert_eq!(
            kinds(&mut opened(Partials::Allowed), &[2, 1]),
            [None, Some(Partial)]
        );
    }

    #[test]
    fn an_ack_before_the_last_byte_is_early() {
        let mut ledger = Ledger::new(1, Partials::Refused);
        ledger.begin(3, 0, 0, Instant::now());
        assert_eq!(
            kinds(&mut ledger, &[0, 2, 3, 3]),
            [None, Some(Early), Some(Early), Some(Twice)]
        );
        ledger.complete(Instant::now());
        assert_eq!((ledger.in_flight(), ledger.settled()), (0, 1));
    }

    #[test]
    fn what_is_no_ack_of_version_2_is_said() {
        for (input, want) in [
            (&b"1A\0\0\0\x03"[..], WrongVersion),
            (b"HTTP/1", Garbage),
            (b"2W\0\0\0\x03", Garbage),
            (b"\x15\x03\x03\0\x02\x02", Garbage),
        ] {
            let (_, violation) = opened(Partials::Refused).hear(&mut &input[..]).unwrap();
            assert_eq!(violation.unwrap().kind, want, "{}", input.escape_ascii());
        }
    }

    #[test]
    fn a_violation_names_connection_and_window() {
        let mut ledger = opened(Partials::Refused);
        kinds(&mut ledger, &[3]);
        let (_, violation) = ledger.hear(&mut &ack(9)[..]).unwrap();
        assert_eq!(
            violation.unwrap().to_string(),
            "ACK beyond what was sent: connection 1, window 2: expected 2, found 9"
        );
    }
}
