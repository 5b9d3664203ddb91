//! OAuth clients of a directory: identity providers that fetch a short-lived token with a secret, or with the word of an
//! issuer that is trusted (RFC 6749 section 4.4, RFC 7523).

use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::Origin;
use super::change::{Change, ClientFact, Fact};
use super::id::{ClientId, ClientSecretId, DirectoryId, TokenId, TrustedIssuerId};
use super::refusal::Refusal;
use super::registry::TokenHash;

/// How many secrets of a client may be live at once, and how many issuers.
pub const MOST_CREDENTIALS: usize = 10;

/// How long a secret is good when nobody says: a year, leap or not.
const USUAL_SECRET_LIFE: SignedDuration = SignedDuration::from_hours(366 * 24);

/// How long a secret may be good: three years, one of them perhaps a leap year.
const LONGEST_SECRET_LIFE: SignedDuration = SignedDuration::from_hours(1_096 * 24);

/// An OAuth client of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id, which is its `client_id` too.
    pub id: ClientId,
    /// The directory that its tokens open.
    pub directory: DirectoryId,
    /// Its name for people, if it has one.
    pub name: Option<String>,
    /// How long its access tokens are good.
    pub token_lifetime: TokenLifetime,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, and with it all that it has.
    pub revoked_at: Option<Timestamp>,
}

/// How long an access token is good: 60 minutes to 6 hours, which is what Entra's gallery asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenLifetime(u32);

impl TokenLifetime {
    /// What is accepted, in seconds.
    pub const SECONDS: RangeInclusive<u32> = 3_600..=21_600;

    /// Takes a number of seconds.
    #[must_use]
    pub fn from_seconds(seconds: u32) -> Option<Self> {
        Self::SECONDS.contains(&seconds).then_some(Self(seconds))
    }

    /// The number of seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl Default for TokenLifetime {
    /// An hour.
    fn default() -> Self {
        Self(*Self::SECONDS.start())
    }
}

/// A secret of a client, without the secret: only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSecret {
    /// Its id.
    pub id: ClientSecretId,
    /// Whose it is.
    pub client: ClientId,
    /// Its first characters, so that an administrator can tell several apart.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it gives no token. Tokens that it gave before live on to their own end.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it last gave a token.
    pub last_used_at: Option<Timestamp>,
}

/// An issuer whose signed word about a subject proves to be a client (workload identity federation).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// Its id.
    pub id: TrustedIssuerId,
    /// Which client it may speak for.
    pub client: ClientId,
    /// `iss` of its assertions, letter by letter.
    pub issuer: String,
    /// `sub`, letter by letter.
    pub subject: String,
    /// What `aud` has to hold; the address of the token endpoint when unset.
    pub audience: Option<String>,
    /// Where its keys are; where its discovery document says when unset.
    pub jwks_uri: Option<String>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// When it last gave a token.
    pub last_used_at: Option<Timestamp>,
}

/// What a client proves itself with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Something that it knows.
    Secret(ClientSecret),
    /// Somebody who vouches for it.
    Issuer(TrustedIssuer),
}

/// Which secret or issuer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialId {
    /// A secret.
    Secret(ClientSecretId),
    /// An issuer.
    Issuer(TrustedIssuerId),
}

impl CredentialId {
    /// The id, whatever it is of.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Secret(id) => id.0,
            Self::Issuer(id) => id.0,
        }
    }
}

impl Credential {
    /// Which it is.
    #[must_use]
    pub fn id(&self) -> CredentialId {
        match self {
            Self::Secret(secret) => CredentialId::Secret(secret.id),
            Self::Issuer(issuer) => CredentialId::Issuer(issuer.id),
        }
    }

    /// Whose it is.
    #[must_use]
    pub fn client(&self) -> ClientId {
        match self {
            Self::Secret(secret) => secret.client,
            Self::Issuer(issuer) => issuer.client,
        }
    }

    /// Whether it proves anything at this moment.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        match self {
            Self::Secret(secret) => secret.is_live(now),
            Self::Issuer(issuer) => issuer.revoked_at.is_none(),
        }
    }
}

impl ClientSecret {
    /// Neither revoked nor expired.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// An access token, without the token: only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Its id.
    pub id: TokenId,
    /// The directory that it opens.
    pub directory: DirectoryId,
    /// Whom it was given to.
    pub client: ClientId,
    /// For what.
    pub credential: CredentialId,
    /// Its first characters.
    pub prefix: String,
    /// When it was given.
    pub created_at: Timestamp,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// Until when a secret is good: what was asked for, or a year. `None` for a time that has passed or lies more than three
/// years ahead.
#[must_use]
pub fn secret_expiry(asked: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let at = asked.unwrap_or(now + USUAL_SECRET_LIFE);
    (now < at && at <= now + LONGEST_SECRET_LIFE).then_some(at)
}

/// An audience as it is kept. Entra's portal shows the scope of the application, `api://.../.default`; the tokens hold
/// what stands before.
#[must_use]
pub fn audience_of(text: &str) -> &str {
    text.strip_suffix("/.default").unwrap_or(text)
}

/// Makes a client. It has no credential yet.
#[must_use]
pub fn create(client: Client, origin: Origin) -> Change {
    let after = json!({
        "directory": client.directory,
        "name": client.name,
        "token_lifetime": client.token_lifetime.seconds(),
    });
    let id = client.id.0;
    change(
        ClientFact::Created(client),
        origin,
        "client.created",
        ("client", id),
        None,
        Some(after),
    )
}

/// Revokes a client with all its credentials and access tokens, at once. Revoking one that is revoked changes nothing:
/// `None`.
#[must_use]
pub fn revoke(client: &Client, origin: Origin) -> Option<Change> {
    if client.revoked_at.is_some() {
        return None;
    }
    let before = json!({"directory": client.directory, "name": client.name});
    let fact = ClientFact::Revoked {
        id: client.id,
        at: origin.at,
    };
    let target = ("client", client.id.0);
    Some(change(fact, origin, "client.revoked", target, Some(before), None))
}

/// Gives a client one more secret; `others` are all that it has.
///
/// # Errors
/// [`Refusal::ClientRevoked`], [`Refusal::TooManyCredentials`].
pub fn issue_secret(
    client: &Client,
    secret: ClientSecret,
    hash: TokenHash,
    others: &[ClientSecret],
    origin: Origin,
) -> Result<Change, Refusal> {
    let live = others.iter().filter(|other| other.is_live(origin.at)).count();
    check_room(client, live, "secrets")?;
    let after = json!({
        "client": client.id,
        "prefix": secret.prefix,
        "expires_at": secret.expires_at.to_string(),
    });
    let target = ("client_secret", secret.id.0);
    let fact = ClientFact::SecretIssued { secret, hash };
    Ok(change(
        fact,
        origin,
        "client_secret.created",
        target,
        None,
        Some(after),
    ))
}

/// Takes a secret back with every access token that it gave, at once. `None` when it is revoked already.
#[must_use]
pub fn revoke_secret(secret: &ClientSecret, origin: Origin) -> Option<Change> {
    if secret.revoked_at.is_some() {
        return None;
    }
    let before = json!({"client": secret.client, "prefix": secret.prefix});
    let fact = ClientFact::CredentialRevoked {
        client: secret.client,
        id: CredentialId::Secret(secret.id),
        at: origin.at,
    };
    let target = ("client_secret", secret.id.0);
    Some(change(
        fact,
        origin,
        "client_secret.revoked",
        target,
        Some(before),
        None,
    ))
}

/// Lets an issuer speak for a client; `others` are all that may or might.
///
/// # Errors
/// [`Refusal::ClientRevoked`], [`Refusal::TooManyCredentials`].
pub fn trust_issuer(
    client: &Client,
    issuer: TrustedIssuer,
    others: &[TrustedIssuer],
    origin: Origin,
) -> Result<Change, Refusal> {
    let live = others.iter().filter(|other| other.revoked_at.is_none()).count();
    check_room(client, live, "issuers")?;
    let after = described(&issuer);
    let target = ("client_issuer", issuer.id.0);
    let fact = ClientFact::IssuerTrusted(issuer);
    Ok(change(
        fact,
        origin,
        "client_issuer.created",
        target,
        None,
        Some(after),
    ))
}

/// Trusts an issuer no more: its access tokens end at once. `None` when it is revoked already.
#[must_use]
pub fn revoke_issuer(issuer: &TrustedIssuer, origin: Origin) -> Option<Change> {
    if issuer.revoked_at.is_some() {
        return None;
    }
    let fact = ClientFact::CredentialRevoked {
        client: issuer.client,
        id: CredentialId::Issuer(issuer.id),
        at: origin.at,
    };
    let target = ("client_issuer", issuer.id.0);
    let before = Some(described(issuer));
    Some(change(
        fact,
        origin,
        "client_issuer.revoked",
        target,
        before,
        None,
    ))
}

/// Gives an access token for a credential that was proven. `None` when the client or the credential is not good at this
/// moment, or the one does not belong to the other.
#[must_use]
pub fn issue_token(
    client: &Client,
    credential: &Credential,
    token: (TokenId, &str, TokenHash),
    origin: Origin,
) -> Option<Change> {
    let is_good =
        client.revoked_at.is_none() && credential.client() == client.id && credential.is_live(origin.at);
    if !is_good {
        return None;
    }
    let (id, prefix, hash) = token;
    let lifetime = SignedDuration::from_secs(client.token_lifetime.seconds().into());
    let token = AccessToken {
        id,
        directory: client.directory,
        client: client.id,
        credential: credential.id(),
        prefix: prefix.to_owned(),
        created_at: origin.at,
        expires_at: origin.at + lifetime,
    };
    let mut after = json!({
        "directory": token.directory,
        "prefix": token.prefix,
        "expires_at": token.expires_at.to_string(),
    });
    match token.credential {
        CredentialId::Secret(id) => after["secret"] = json!(id),
        CredentialId::Issuer(id) => after["issuer"] = json!(id),
    }
    Some(change(
        ClientFact::TokenIssued { token, hash },
        origin,
        "client.token_issued",
        ("client", client.id.0),
        None,
        Some(after),
    ))
}

fn check_room(client: &Client, live: usize, what: &'static str) -> Result<(), Refusal> {
    if client.revoked_at.is_some() {
        Err(Refusal::ClientRevoked)
    } else if live >= MOST_CREDENTIALS {
        Err(Refusal::TooManyCredentials(what))
    } else {
        Ok(())
    }
}

fn described(issuer: &TrustedIssuer) -> Value {
    json!({
        "client": issuer.client,
        "issuer": issuer.issuer,
        "subject": issuer.subject,
        "audience": issuer.audience,
        "jwks_uri": issuer.jwks_uri,
    })
}

fn change(
    fact: ClientFact,
    origin: Origin,
    action: &'static str,
    target: (&'static str, Uuid),
    before: Option<Value>,
    after: Option<Value>,
) -> Change {
    Change::new(Fact::Client(fact), origin, action, target, before, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::audit::{Actor, Source};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn origin(seconds: i64) -> Origin {
        Origin {
            actor: Actor::Operator,
            source: Source::Api,
            request_id: "request".to_owned(),
            at: at(seconds),
        }
    }

    fn client() -> Client {
        Client {
            id: ClientId(Uuid::from_u128(1)),
            directory: DirectoryId(Uuid::from_u128(2)),
            name: Some("Entra".to_owned()),
            token_lifetime: TokenLifetime::default(),
            created_at: at(0),
            revoked_at: None,
        }
    }

    fn revoked_client() -> Client {
        Client {
            revoked_at: Some(at(1)),
            ..client()
        }
    }

    fn secret(number: u128) -> ClientSecret {
        ClientSecret {
            id: ClientSecretId(Uuid::from_u128(number)),
            client: client().id,
            prefix: "rollcall_cs_abcdef".to_owned(),
            created_at: at(0),
            expires_at: at(100),
            revoked_at: None,
            last_used_at: None,
        }
    }

    fn issuer(number: u128) -> TrustedIssuer {
        TrustedIssuer {
            id: TrustedIssuerId(Uuid::from_u128(number)),
            client: client().id,
            issuer: "https://idp.example".to_owned(),
            subject: "workload".to_owned(),
            audience: None,
            jwks_uri: None,
            created_at: at(0),
            revoked_at: None,
            last_used_at: None,
        }
    }

    const HASH: TokenHash = TokenHash([7; 32]);

    fn token(client: &Client, credential: &Credential, seconds: i64) -> Option<Change> {
        let new = (TokenId(Uuid::from_u128(9)), "rollcall_at_abcdef", HASH);
        issue_token(client, credential, new, origin(seconds))
    }

    #[test]
    fn a_token_lives_an_hour_to_six() {
        for (seconds, is_accepted) in [
            (3_599, false),
            (3_600, true),
            (21_600, true),
            (21_601, false),
            (0, false),
        ] {
            assert_eq!(
                TokenLifetime::from_seconds(seconds).is_some(),
                is_accepted,
                "{seconds}"
            );
        }
        let long = Client {
            token_lifetime: TokenLifetime::from_seconds(21_600).unwrap(),
            ..client()
        };
        let (fact, audit) = token(&long, &Credential::Secret(secret(3)), 50)
            .unwrap()
            .into_parts();
        let Fact::Client(ClientFact::TokenIssued { token, hash }) = fact else {
            panic!("{fact:?}");
        };
        assert_eq!((token.created_at, token.expires_at), (at(50), at(50 + 21_600)));
        assert_eq!((token.directory, hash), (long.directory, HASH));
        let after = audit.after.unwrap();
        assert_eq!(after["secret"], json!(secret(3).id));
        assert_eq!(after["expires_at"], at(50 + 21_600).to_string());
    }

    #[test]
    fn no_token_comes_of_what_is_revoked_expired_or_anothers() {
        let of_secret = Credential::Secret(secret(3));
        let of_issuer = Credential::Issuer(issuer(4));
        for good in [&of_secret, &of_issuer] {
            assert!(token(&client(), good, 99).is_some());
            assert!(token(&revoked_client(), good, 99).is_none());
        }
        assert!(
            token(&client(), &of_secret, 100).is_none(),
            "expired at its very time"
        );
        let revoked_secret = ClientSecret {
            revoked_at: Some(at(1)),
            ..secret(3)
        };
        let revoked_issuer = TrustedIssuer {
            revoked_at: Some(at(1)),
            ..issuer(4)
        };
        let foreign = ClientSecret {
            client: ClientId(Uuid::from_u128(77)),
            ..secret(3)
        };
        for bad in [
            Credential::Secret(revoked_secret),
            Credential::Issuer(revoked_issuer),
            Credential::Secret(foreign),
        ] {
            assert!(token(&client(), &bad, 50).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_secret_is_good_for_a_year_unless_somebody_says_how_long_up_to_three() {
        let day = 24 * 60 * 60;
        assert_eq!(secret_expiry(None, at(0)), Some(at(366 * day)));
        for (asked, is_accepted) in [
            (-1, false),
            (0, false),
            (1, true),
            (1_096 * day, true),
            (1_096 * day + 1, false),
        ] {
            let expected = is_accepted.then(|| at(asked));
            assert_eq!(secret_expiry(Some(at(asked)), at(0)), expected, "{asked}");
        }
    }

    #[test]
    fn ten_secrets_and_ten_issuers_live_at_once_and_no_more() {
        let mut secrets: Vec<_> = (10..20).map(secret).collect();
        let full = issue_secret(&client(), secret(3), HASH, &secrets, origin(1));
        assert_eq!(full.unwrap_err(), Refusal::TooManyCredentials("secrets"));
        // One that has expired makes room.
        secrets[4].expires_at = at(1);
        assert!(issue_secret(&client(), secret(3), HASH, &secrets, origin(1)).is_ok());
        let mut issuers: Vec<_> = (10..20).map(issuer).collect();
        let full = trust_issuer(&client(), issuer(4), &issuers, origin(1));
        assert_eq!(full.unwrap_err(), Refusal::TooManyCredentials("issuers"));
        issuers[0].revoked_at = Some(at(1));
        assert!(trust_issuer(&client(), issuer(4), &issuers, origin(1)).is_ok());
    }

    #[test]
    fn nothing_is_added_to_a_revoked_client_and_nothing_is_revoked_twice() {
        let refused = issue_secret(&revoked_client(), secret(3), HASH, &[], origin(2));
        assert_eq!(refused.unwrap_err(), Refusal::ClientRevoked);
        let refused = trust_issuer(&revoked_client(), issuer(4), &[], origin(2));
        assert_eq!(refused.unwrap_err(), Refusal::ClientRevoked);
        assert!(revoke(&client(), origin(2)).is_some() && revoke(&revoked_client(), origin(2)).is_none());
        let mut own = secret(3);
        assert!(revoke_secret(&own, origin(2)).is_some());
        own.revoked_at = Some(at(2));
        assert!(revoke_secret(&own, origin(3)).is_none());
        let mut trusted = issuer(4);
        assert!(revoke_issuer(&trusted, origin(2)).is_some());
        trusted.revoked_at = Some(at(2));
        assert!(revoke_issuer(&trusted, origin(3)).is_none());
    }

    #[test]
    fn the_audit_names_what_happened_and_holds_no_hash() {
        let (client, hash) = (client(), TokenHash([0xab; 32]));
        let changes = [
            (create(client.clone(), origin(0)), "client.created"),
            (
                issue_secret(&client, secret(3), hash, &[], origin(0)).unwrap(),
                "client_secret.created",
            ),
            (
                revoke_secret(&secret(3), origin(0)).unwrap(),
                "client_secret.revoked",
            ),
            (
                trust_issuer(&client, issuer(4), &[], origin(0)).unwrap(),
                "client_issuer.created",
            ),
            (
                revoke_issuer(&issuer(4), origin(0)).unwrap(),
                "client_issuer.revoked",
            ),
            (revoke(&client, origin(0)).unwrap(), "client.revoked"),
        ];
        for (change, action) in changes {
            let (_, audit) = change.into_parts();
            assert_eq!(audit.action, action);
            let text = format!("{:?}{:?}", audit.before, audit.after);
            assert!(
                !text.contains("abab") && !text.contains("171, 171"),
                "{action}: {text}"
            );
        }
    }
}
