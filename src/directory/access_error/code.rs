//! The stable names of the reasons.

use super::catalogue::{CATALOGUE, Remedy};
use crate::directory::language::Language;

macro_rules! codes {
    ($($variant:ident = $name:literal,)*) => {
        /// Why a sign-in was refused. What each one means stands in the catalogue, in the words that people read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the catalogue describes every code, in two languages")]
        pub enum Code {
            $($variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name: snake case, never changed once released.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

codes! {
    SsoConnectionNotConfigured = "sso_connection_not_configured",
    SsoConnectionDisabled = "sso_connection_disabled",
    SignInExpired = "sign_in_expired",
    AmbiguousOrganization = "ambiguous_organization",
    TenantSuspended = "tenant_suspended",
    TooManyAttempts = "too_many_attempts",
    Unavailable = "unavailable",
    InternalError = "internal_error",

    OidcDiscoveryFailed = "oidc_discovery_failed",
    OidcEndpointRefused = "oidc_endpoint_refused",
    OidcKeysFailed = "oidc_keys_failed",
    OidcErrorFromIdp = "oidc_error_from_idp",
    OidcCallbackMalformed = "oidc_callback_malformed",
    OidcCallbackMismatch = "oidc_callback_mismatch",
    OidcStateMismatch = "oidc_state_mismatch",
    OidcNonceMismatch = "oidc_nonce_mismatch",
    OidcTokenExchangeFailed = "oidc_token_exchange_failed",
    OidcTokenInvalid = "oidc_token_invalid",
    OidcWeakAlgorithm = "oidc_weak_algorithm",
    OidcSigningKeyUnknown = "oidc_signing_key_unknown",
    OidcSignatureInvalid = "oidc_signature_invalid",
    OidcBadIssuer = "oidc_bad_issuer",
    OidcBadAudience = "oidc_bad_audience",
    OidcTokenExpired = "oidc_token_expired",
    OidcClockSkew = "oidc_clock_skew",
    OidcAccessTokenMismatch = "oidc_access_token_mismatch",
    OidcSubjectInvalid = "oidc_subject_invalid",
    OidcUserinfoFailed = "oidc_userinfo_failed",
    OidcUserinfoMismatch = "oidc_userinfo_mismatch",

    SamlSignatureMissing = "saml_signature_missing",
    SamlSignatureInvalid = "saml_signature_invalid",
    SamlCertificateChanged = "saml_certificate_changed",
    SamlCertificateExpired = "saml_certificate_expired",
    SamlWeakAlgorithm = "saml_weak_algorithm",
    SamlBadIssuer = "saml_bad_issuer",
    SamlBadAudience = "saml_bad_audience",
    SamlBadDestination = "saml_bad_destination",
    SamlClockSkew = "saml_clock_skew",
    SamlExpired = "saml_expired",
    SamlReplay = "saml_replay",
    SamlStatusNotSuccess = "saml_status_not_success",
    SamlIdpInitiatedRefused = "saml_idp_initiated_refused",
    SamlRelaystateLost = "saml_relaystate_lost",
    SamlMalformed = "saml_malformed",
    SamlAssertionInvalid = "saml_assertion_invalid",
    SamlSubjectInvalid = "saml_subject_invalid",
    SamlDecryptionFailed = "saml_decryption_failed",

    EmailMissing = "email_missing",
    EmailMalformed = "email_malformed",
    EmailNotVerified = "email_not_verified",
    EmailOutsideDomains = "email_outside_domains",
    DepartmentalMailbox = "departmental_mailbox",
    JitDisabled = "jit_disabled",
    ScimDeprovisioned = "scim_deprovisioned",
    AccountInactive = "account_inactive",
    AccessNotStarted = "access_not_started",
    AccessExpired = "access_expired",
    AccountDeleted = "account_deleted",
    AccountLinkRequired = "account_link_required",
    IdentityConflict = "identity_conflict",
    GroupNotAllowed = "group_not_allowed",
    SeatLimit = "seat_limit",
    InvalidCredentials = "invalid_credentials",
    LocalSignInDisabled = "local_sign_in_disabled",
    MfaInvalid = "mfa_invalid",
    LockedOut = "locked_out",
}

impl Code {
    /// Reads what [`Code::as_str`] gives.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }

    /// The exact message that the person is shown and asked to copy.
    #[must_use]
    pub fn message(self, language: Language) -> &'static str {
        CATALOGUE[self as usize].message.read(language)
    }

    /// What probably happened.
    #[must_use]
    pub fn cause(self, language: Language) -> &'static str {
        CATALOGUE[self as usize].cause.read(language)
    }

    /// Who can mend it, and what each of them does: one or several, in the order in which to ask them.
    #[must_use]
    pub fn remedies(self) -> &'static [Remedy] {
        CATALOGUE[self as usize].remedies
    }

    /// The status of the answer (RFC 9110 15): 403 as a rule, 401 where nothing was proven, 400 for a callback that is malformed or was not asked
    /// for, 429, and 500 or 503 when the gateway itself is at fault.
    #[must_use]
    pub fn status(self) -> u16 {
        CATALOGUE[self as usize].status
    }
}
