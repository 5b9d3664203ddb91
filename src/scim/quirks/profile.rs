//! Repairs that contradict the RFC and therefore belong to one kind of identity provider.

/// The kind of identity provider at the other end, as the directory was set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// Any client; the RFC to the letter.
    #[default]
    Generic,
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// Google Workspace.
    Google,
    /// OneLogin.
    OneLogin,
    /// JumpCloud.
    JumpCloud,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 6] = [
        Self::Generic,
        Self::Okta,
        Self::Entra,
        Self::Google,
        Self::OneLogin,
        Self::JumpCloud,
    ];

    /// The name that a directory is set up with.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::Google => "google",
            Self::OneLogin => "onelogin",
            Self::JumpCloud => "jumpcloud",
        }
    }

    /// The profile of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.as_str() == name)
    }

    /// E-10: Entra ID replaces `phoneNumbers[type eq "mobile"].value` of a person who has no mobile phone
    /// and expects it to be there afterwards. RFC 7644 section 3.5.2.3 wants `noTarget`.
    #[must_use]
    pub const fn creates_missing_element(self) -> bool {
        matches!(self, Self::Entra)
    }

    /// E-20: Entra ID's validator sends `"Operations": []`. RFC 7644 section 3.5.2 wants one or more.
    #[must_use]
    pub const fn accepts_no_operations(self) -> bool {
        matches!(self, Self::Entra)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_found_by_its_name() {
        for profile in Profile::ALL {
            assert_eq!(Profile::from_name(profile.as_str()), Some(profile));
        }
        assert_eq!(Profile::from_name("Entra"), None);
    }
}
