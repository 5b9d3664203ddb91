//! `xsd:dateTime` text, as RFC 7643 section 2.3.5 asks for it.

use jiff::{Timestamp, civil};

/// Digits of a second's fraction that are kept; further ones are cut off.
const MAX_FRACTION: usize = 9;

/// The instant that `YYYY-MM-DDThh:mm:ss[.fraction][Z|±hh:mm]` names, or `None` for any other text.
///
/// Entra ID sends seven fraction digits (row E-20). Text without an offset is read as UTC: `xsd:dateTime`
/// allows it, and the RFC does not say otherwise.
#[must_use]
pub fn parse_date_time(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:dd";
    if !text.is_ascii() || bytes.len() < shape.len() {
        return None;
    }
    let fits = shape.iter().zip(bytes).all(|(want, have)| match want {
        b'd' => have.is_ascii_digit(),
        _ => have.eq_ignore_ascii_case(want),
    });
    if !fits {
        return None;
    }
    let (seconds, rest) = text.split_at(shape.len());
    let digits = match rest.strip_prefix('.') {
        Some(fraction) => fraction.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    if rest.starts_with('.') && digits == 0 {
        return None;
    }
    let (fraction, offset) = rest.split_at(if digits == 0 { 0 } else { digits + 1 });
    let fraction = &fraction[..fraction.len().min(MAX_FRACTION + 1)];
    match offset.as_bytes() {
        [] => {
            let civil: civil::DateTime = format!("{seconds}{fraction}").parse().ok()?;
            civil
                .to_zoned(jiff::tz::TimeZone::UTC)
                .ok()
                .map(|zoned| zoned.timestamp())
        }
        [b'Z' | b'z'] => format!("{seconds}{fraction}Z").parse().ok(),
        [b'+' | b'-', h1, h2, b':', m1, m2]
            if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()) =>
        {
            format!("{seconds}{fraction}{offset}").parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_instant_is_read_from_every_offset_and_precision() {
        let zulu = parse_date_time("2021-09-23T19:35:41.8420572Z").unwrap();
        assert_eq!(parse_date_time("2021-09-23T21:35:41.8420572+02:00"), Some(zulu));
        assert_eq!(parse_date_time("2021-09-23T19:35:41.84205720000000Z"), Some(zulu));
        assert_eq!(parse_date_time("2021-09-23T19:35:41.8420572"), Some(zulu));
        assert!(parse_date_time("2021-09-23T19:35:41Z").unwrap() < zulu);
    }

    #[test]
    fn text_that_is_no_date_time_is_refused() {
        for text in [
            "",
            "2021-09-23",
            "2021-09-23 19:35:41Z",
            "2021-09-23T19:35Z",
            "2021-13-23T19:35:41Z",
            "2021-09-23T19:35:41.Z",
            "2021-09-23T19:35:41+0200",
            "2021-09-23T19:35:41Z[UTC]",
            "20210923T193541Z",
            "2021-09-23T19:35:41é",
            "+02021-09-23T19:35:41Z",
        ] {
            assert_eq!(parse_date_time(text), None, "{text}");
        }
    }
}
