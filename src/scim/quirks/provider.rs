//! Repairs that contradict the RFC and therefore belong to one kind of identity provider.

/// The identity provider at the other end, as the directory was set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Provider {
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

impl Provider {
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
