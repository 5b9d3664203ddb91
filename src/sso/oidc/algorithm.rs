//! The signature algorithms that a connection may accept; there are no others.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

/// A signature algorithm with a public key (RFC 7518 section 3.1, RFC 8037). `none` and the ones with a shared
/// secret are not here, so no setting can allow them. ES512 and ES256K are not offered by the cryptography below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// EdDSA on Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them, in the order in which they are listed to people.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads a registered name, which is compared with case (RFC 7515 section 4.1.1).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// The hash that `at_hash` and `c_hash` use with it (OpenID Connect Core 1.0 section 3.1.3.6). Ed25519 names
    /// none; SHA-512 is the one inside it, and what providers take.
    pub(super) const fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => &digest::SHA256,
            Self::Rs384 | Self::Ps384 | Self::Es384 => &digest::SHA384,
            Self::Rs512 | Self::Ps512 | Self::EdDsa => &digest::SHA512,
        }
    }

    pub(super) const fn for_verifier(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Rs384 => jsonwebtoken::Algorithm::RS384,
            Self::Rs512 => jsonwebtoken::Algorithm::RS512,
            Self::Ps256 => jsonwebtoken::Algorithm::PS256,
            Self::Ps384 => jsonwebtoken::Algorithm::PS384,
            Self::Ps512 => jsonwebtoken::Algorithm::PS512,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Es384 => jsonwebtoken::Algorithm::ES384,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

/// The algorithms that one connection accepts: at least one. By default all of [`Algorithm::ALL`]. In JSON a list
/// of names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Algorithms(Vec<Algorithm>);

/// Why a list of algorithms cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlgorithmsRefusal {
    /// Nothing could be verified.
    #[error("at least one algorithm is needed")]
    Empty,
    /// Not one of [`Algorithm::ALL`].
    #[error("{0:?} is not an algorithm that can be accepted")]
    Unknown(String),
}

impl Algorithms {
    /// Takes a list of registered names.
    ///
    /// # Errors
    /// [`AlgorithmsRefusal`] when it is empty or names what is not in [`Algorithm::ALL`].
    pub fn from_names<S: AsRef<str>>(names: &[S]) -> Result<Self, AlgorithmsRefusal> {
        if names.is_empty() {
            return Err(AlgorithmsRefusal::Empty);
        }
        let read = |name: &S| {
            let name = name.as_ref();
            Algorithm::parse(name).ok_or_else(|| AlgorithmsRefusal::Unknown(crate::sso::shown::shown(name)))
        };
        names.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the algorithm is accepted.
    #[must_use]
    pub fn contains(&self, algorithm: Algorithm) -> bool {
        self.0.contains(&algorithm)
    }

    /// The names, for a message.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|algorithm| algorithm.as_str()).collect()
    }
}

impl Default for Algorithms {
    fn default() -> Self {
        Self(Algorithm::ALL.to_vec())
    }
}

impl TryFrom<Vec<String>> for Algorithms {
    type Error = AlgorithmsRefusal;

    fn try_from(names: Vec<String>) -> Result<Self, Self::Error> {
        Self::from_names(&names)
    }
}

impl From<Algorithms> for Vec<String> {
    fn from(algorithms: Algorithms) -> Self {
        algorithms.names().into_iter().map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_nothing_else_is_an_algorithm() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.as_str()), Some(algorithm));
        }
        for other in [
            "none", "None", "NONE", "", "HS256", "HS512", "rs256", "RS256 ", "ES512", "ES256K",
        ] {
            assert_eq!(Algorithm::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_pinned_list_holds_what_it_names_and_is_never_empty() {
        let pinned: Algorithms = serde_json::from_str(r#"["ES256","EdDSA"]"#).unwrap();
        assert!(pinned.contains(Algorithm::Es256) && !pinned.contains(Algorithm::Rs256));
        assert_eq!(serde_json::to_string(&pinned).unwrap(), r#"["ES256","EdDSA"]"#);
        assert!(serde_json::from_str::<Algorithms>("[]").is_err());
        assert!(serde_json::from_str::<Algorithms>(r#"["ES256","none"]"#).is_err());
        assert!(
            Algorithm::ALL
                .into_iter()
                .all(|algorithm| Algorithms::default().contains(algorithm))
        );
    }
}
