//! What hashing a password costs, as an operator sets it.

/// The parameters of Argon2id (RFC 9106 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl PasswordCost {
    pub(super) const ACCEPTED: &str = "measured, or Argon2id parameters such as m=65536,t=3,p=1: memory in KiB from 19456 to \
         1048576, 2 to 64 passes, 1 to 16 lanes";

    /// Reads the setting; `Some(None)` is the word that leaves it to the start. The least is OWASP's (Password Storage Cheat
    /// Sheet); what is beyond the most is a slip of the hand.
    pub(super) fn parse(text: &str) -> Option<Option<Self>> {
        if text == "measured" {
            return Some(None);
        }
        let mut parts = text.split(',');
        let mut number = |name: &str| {
            let value = parts.next()?.trim().strip_prefix(name)?.strip_prefix('=')?;
            value.parse::<u32>().ok()
        };
        let cost = Self {
            memory_kib: number("m")?,
            passes: number("t")?,
            lanes: number("p")?,
        };
        let fits = (19_456..=1_048_576).contains(&cost.memory_kib)
            && (2..=64).contains(&cost.passes)
            && (1..=16).contains(&cost.lanes);
        (parts.next().is_none() && fits).then_some(Some(cost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_read_as_it_stands_in_a_hash_and_none_is_below_the_least() {
        let cost = PasswordCost {
            memory_kib: 65_536,
            passes: 3,
            lanes: 2,
        };
        assert_eq!(PasswordCost::parse("m=65536,t=3,p=2"), Some(Some(cost)));
        assert_eq!(PasswordCost::parse("m=65536, t=3, p=2"), Some(Some(cost)));
        assert_eq!(PasswordCost::parse("measured"), Some(None));
        assert!(PasswordCost::parse("m=19456,t=2,p=1").is_some());
        for bad in [
            "",
            "fast",
            "m=19455,t=2,p=1",
            "m=65536,t=1,p=1",
            "m=65536,t=3,p=0",
            "t=3,m=65536,p=1",
            "m=65536,t=3",
            "m=65536,t=3,p=1,x=1",
            "m=2000000,t=3,p=1",
        ] {
            assert_eq!(PasswordCost::parse(bad), None, "{bad}");
        }
    }
}
