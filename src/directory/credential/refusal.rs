//! What is refused about passwords and the links that lead to one.

/// A rule of local accounts said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialRefusal {
    /// The link of an invitation came too late.
    #[error(
        "this invitation has expired: it was good for seven days; ask your administrator for another, or have a link \
         sent to yourself (POST /api/v1/password-reset)"
    )]
    InvitationExpired,
    /// The link of an invitation was used, or the person has come in another way.
    #[error("this invitation was accepted already; sign in with your e-mail address and password")]
    InvitationUsed,
    /// The invitation was taken back.
    #[error("this invitation was withdrawn; ask your administrator whether you are to have access")]
    InvitationWithdrawn,
    /// The link of a reset came too late.
    #[error("this link has expired: it was good for an hour; ask for another (POST /api/v1/password-reset)")]
    ResetExpired,
    /// The person signs in otherwise.
    #[error(
        "this person has no password here: they belong to a directory, sign in by single sign-on, or are a guest"
    )]
    NoLocalPassword,
    /// Single sign-on is enforced.
    #[error(
        "this tenant signs in by single sign-on: nobody but its break-glass account signs in by password"
    )]
    LocalSignInDisabled,
    /// The person has not accepted their invitation.
    #[error(
        "this person has not accepted their invitation and chooses their own password by it; send it again, or delete \
         it and create the person anew"
    )]
    InvitationPending,
    /// The tenant does not let administrators hand passwords over.
    #[error(
        "this tenant offers invitations and no temporary passwords: leave the field out, and the person chooses a \
         password by the link that they are sent"
    )]
    TemporaryPasswordNotOffered,
    /// The tenant sends no invitations.
    #[error("required: this tenant offers temporary passwords and no invitations")]
    TemporaryPasswordRequired,
    /// The administrator's own password is not the one that was given.
    #[error("current_admin_password is not your own password")]
    OwnPasswordWrong,
    /// The person's password is not the one that was given.
    #[error("current_password is not your password")]
    CurrentPasswordWrong,
    /// The administrator has no password to show and signed in a while ago.
    #[error("this needs a fresh sign-in: sign in again, then repeat the request within five minutes")]
    ReauthenticationRequired,
    /// Nobody of the tenant may sign in.
    #[error("access is suspended for this whole tenant")]
    TenantSuspended,
    /// The person is blocked, deleted, or their access is over.
    #[error("this account has no access any more; ask your administrator")]
    NoAccess,
}

impl CredentialRefusal {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InvitationExpired => "invitation_expired",
            Self::InvitationUsed => "invitation_used",
            Self::InvitationWithdrawn => "invitation_withdrawn",
            Self::ResetExpired => "reset_expired",
            Self::NoLocalPassword => "no_local_password",
            Self::LocalSignInDisabled => "local_sign_in_disabled",
            Self::InvitationPending => "invitation_pending",
            Self::TemporaryPasswordNotOffered => "temporary_password_not_offered",
            Self::TemporaryPasswordRequired => "temporary_password_required",
            Self::OwnPasswordWrong => "own_password_wrong",
            Self::CurrentPasswordWrong => "current_password_wrong",
            Self::ReauthenticationRequired => "reauthentication_required",
            Self::TenantSuspended => "tenant_suspended",
            Self::NoAccess => "no_access",
        }
    }

    /// The status that it answers with (RFC 9110 section 15.5): a link that was good once is gone.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::InvitationExpired
            | Self::InvitationUsed
            | Self::InvitationWithdrawn
            | Self::ResetExpired => 410,
            Self::OwnPasswordWrong
            | Self::CurrentPasswordWrong
            | Self::ReauthenticationRequired
            | Self::TenantSuspended
            | Self::NoAccess => 403,
            Self::TemporaryPasswordNotOffered | Self::TemporaryPasswordRequired => 422,
            Self::NoLocalPassword | Self::LocalSignInDisabled | Self::InvitationPending => 409,
        }
    }
}
