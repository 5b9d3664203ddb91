//! What is left to do before a session opens.

/// A step between the password and the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The code of the second factor.
    Mfa,
    /// To set up a second factor.
    MfaEnrol,
    /// To choose another password.
    ChangePassword,
}

impl Step {
    /// The word in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mfa => "mfa",
            Self::MfaEnrol => "mfa_enrol",
            Self::ChangePassword => "change_password",
        }
    }
}

/// Where somebody stands whose password was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own; every combination of them occurs"
)]
pub struct Facts {
    /// A second factor was right too.
    pub second_factor: bool,
    /// They have one.
    pub enrolled: bool,
    /// They have to have one.
    pub required: bool,
    /// Their password is a temporary one.
    pub must_change: bool,
}

/// The next step; `None` when the session may open. Nobody changes the password before the second factor is right.
#[must_use]
pub fn next_step(facts: Facts) -> Option<Step> {
    if facts.enrolled && !facts.second_factor {
        Some(Step::Mfa)
    } else if facts.required && !facts.enrolled {
        Some(Step::MfaEnrol)
    } else if facts.must_change {
        Some(Step::ChangePassword)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_factor_comes_before_the_new_password_and_both_before_the_session() {
        use Step::{ChangePassword, Mfa, MfaEnrol};
        // Whether a second factor was right, there is one, one is required, the password is temporary.
        for ((second_factor, enrolled, required, must_change), expected) in [
            ((false, false, false, false), None),
            ((false, false, false, true), Some(ChangePassword)),
            ((false, false, true, false), Some(MfaEnrol)),
            ((false, false, true, true), Some(MfaEnrol)),
            ((false, true, false, false), Some(Mfa)),
            ((false, true, false, true), Some(Mfa)),
            ((false, true, true, false), Some(Mfa)),
            ((false, true, true, true), Some(Mfa)),
            ((true, true, false, false), None),
            ((true, true, true, false), None),
            ((true, true, true, true), Some(ChangePassword)),
            ((true, true, false, true), Some(ChangePassword)),
            // Reset after its code was given: it has to be set up anew, where one is required.
            ((true, false, true, false), Some(MfaEnrol)),
            ((true, false, false, true), Some(ChangePassword)),
        ] {
            let facts = Facts {
                second_factor,
                enrolled,
                required,
                must_change,
            };
            assert_eq!(next_step(facts), expected, "{facts:?}");
        }
    }
}
