//! What a provider can prove itself with, and what it will soon lack.

use jiff::Timestamp;

use super::{EXPIRY_NOTICE, Severity, Sign, sign};
use crate::directory::client::Client;
use crate::directory::{ClientSecret, DirectoryToken, TrustedIssuer};

/// All credentials of a directory, those that are revoked or expired too.
#[derive(Debug, Clone, Copy, Default)]
pub struct Credentials<'o> {
    /// Its static tokens.
    pub tokens: &'o [DirectoryToken],
    /// Its OAuth clients.
    pub clients: &'o [Client],
    /// Their secrets.
    pub secrets: &'o [ClientSecret],
    /// Their issuers.
    pub issuers: &'o [TrustedIssuer],
}

impl Credentials<'_> {
    /// Tokens and secrets that end soon, and the absence of anything that is good.
    pub(super) fn signs(&self, now: Timestamp) -> Vec<Sign> {
        let tokens = self
            .tokens
            .iter()
            .filter(|token| token.revoked_at.is_none() && token.expires_at.is_none_or(|at| at > now));
        let clients = self.clients.iter().filter(|client| client.revoked_at.is_none());
        let federated = clients.clone().filter(|client| self.has_issuer(client));
        let by_secret = clients
            .filter(|client| !self.has_issuer(client))
            .filter_map(|client| Some((client, self.last_secret(client, now)?)));
        if tokens.clone().count() + federated.count() + by_secret.clone().count() == 0 {
            let text = "Nothing opens this directory: no token is valid, and no OAuth client has a live secret or a \
                        trusted issuer. Issue a token, or a secret of a client, and enter it at the provider.";
            return vec![sign("no_valid_token", Severity::Critical, text.to_owned())];
        }
        let is_near = |at: Timestamp| at <= now + EXPIRY_NOTICE;
        let tokens = tokens.filter_map(|token| {
            let at = token.expires_at.filter(|at| is_near(*at))?;
            let text = format!(
                "The token {}... expires at {at}: issue another one, paste it into the provider, then revoke this one.",
                token.prefix
            );
            Some(sign("token_expires", Severity::Warning, text))
        });
        let secrets = by_secret
            .filter(|(_, secret)| is_near(secret.expires_at))
            .map(|(client, secret)| {
                let text = format!(
                    "The last secret of the OAuth client {}, {}..., expires at {}, and the client has no trusted issuer: \
                     issue another secret and enter it at the provider.",
                    client.id.0, secret.prefix, secret.expires_at
                );
                sign("secret_expires", Severity::Warning, text)
            });
        tokens.chain(secrets).collect()
    }

    fn has_issuer(&self, client: &Client) -> bool {
        let is_good = |issuer: &TrustedIssuer| issuer.client == client.id && issuer.revoked_at.is_none();
        self.issuers.iter().any(is_good)
    }

    /// The live secret of a client that outlives its others.
    fn last_secret(&self, client: &Client, now: Timestamp) -> Option<&ClientSecret> {
        let is_good = |secret: &&ClientSecret| secret.client == client.id && secret.is_live(now);
        let live = self.secrets.iter().filter(is_good);
        live.max_by_key(|secret| secret.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::directory::{ClientId, ClientSecretId, DirectoryId, TokenId, TokenLifetime, TrustedIssuerId};

    fn in_days(days: i64) -> Timestamp {
        let now: Timestamp = "2026-03-02T12:30:00Z".parse().unwrap();
        now + jiff::SignedDuration::from_hours(days * 24)
    }

    fn client(number: u128) -> Client {
        Client {
            id: ClientId(Uuid::from_u128(number)),
            directory: DirectoryId(Uuid::nil()),
            name: None,
            token_lifetime: TokenLifetime::default(),
            created_at: in_days(-100),
            revoked_at: None,
        }
    }

    fn secret(client: u128, expires_in_days: i64) -> ClientSecret {
        ClientSecret {
            id: ClientSecretId(Uuid::nil()),
            client: ClientId(Uuid::from_u128(client)),
            prefix: format!("rollcall_cs_{expires_in_days}"),
            created_at: in_days(-100),
            expires_at: in_days(expires_in_days),
            revoked_at: None,
            last_used_at: None,
        }
    }

    fn issuer(client: u128) -> TrustedIssuer {
        TrustedIssuer {
            id: TrustedIssuerId(Uuid::nil()),
            client: ClientId(Uuid::from_u128(client)),
            issuer: "https://idp.example".to_owned(),
            subject: "workload".to_owned(),
            audience: None,
            jwks_uri: None,
            created_at: in_days(-100),
            revoked_at: None,
            last_used_at: None,
        }
    }

    /// A static token that was revoked.
    fn revoked_token() -> DirectoryToken {
        DirectoryToken {
            id: TokenId(Uuid::nil()),
            directory: DirectoryId(Uuid::nil()),
            prefix: "rollcall_scim_abcdef".to_owned(),
            created_at: in_days(-100),
            expires_at: None,
            revoked_at: Some(in_days(-1)),
            last_used_at: None,
        }
    }

    /// The signs of a directory whose only static token is revoked.
    fn signs(clients: &[Client], secrets: &[ClientSecret], issuers: &[TrustedIssuer]) -> Vec<Sign> {
        let credentials = Credentials {
            tokens: &[revoked_token()],
            clients,
            secrets,
            issuers,
        };
        credentials.signs(in_days(0))
    }

    fn codes(clients: &[Client], secrets: &[ClientSecret], issuers: &[TrustedIssuer]) -> Vec<&'static str> {
        let signs = signs(clients, secrets, issuers);
        signs.iter().map(|sign| sign.code).collect()
    }

    #[test]
    fn a_directory_that_only_a_client_opens_has_no_sign() {
        assert_eq!(codes(&[client(1)], &[secret(1, 15)], &[]), [""; 0]);
        assert_eq!(codes(&[client(1)], &[], &[issuer(1)]), [""; 0]);
    }

    #[test]
    fn a_directory_is_closed_when_no_secret_lives_and_no_issuer_is_trusted() {
        let closed = ["no_valid_token"];
        assert_eq!(codes(&[], &[], &[]), closed);
        assert_eq!(codes(&[client(1)], &[], &[]), closed);
        assert_eq!(
            codes(&[client(1)], &[secret(1, 0)], &[]),
            closed,
            "expired at its very time"
        );
        let revoked_secret = ClientSecret {
            revoked_at: Some(in_days(-1)),
            ..secret(1, 100)
        };
        let revoked_issuer = TrustedIssuer {
            revoked_at: Some(in_days(-1)),
            ..issuer(1)
        };
        assert_eq!(codes(&[client(1)], &[revoked_secret], &[revoked_issuer]), closed);
        let text = &signs(&[], &[], &[])[0].text;
        assert!(text.contains("token") && text.contains("OAuth client"), "{text}");
    }

    #[test]
    fn what_a_revoked_client_has_opens_nothing() {
        let revoked = Client {
            revoked_at: Some(in_days(-1)),
            ..client(1)
        };
        let (secrets, issuers) = ([secret(1, 5)], [issuer(1)]);
        assert_eq!(
            codes(std::slice::from_ref(&revoked), &secrets, &issuers),
            ["no_valid_token"]
        );
        // Nor does its end matter while another client is well.
        let both = [secret(1, 5), secret(2, 100)];
        assert_eq!(codes(&[revoked, client(2)], &both, &[]), [""; 0]);
    }

    #[test]
    fn the_end_of_a_clients_last_secret_is_told_two_weeks_before() {
        let expires = ["secret_expires"];
        assert_eq!(codes(&[client(1)], &[secret(1, 14)], &[]), expires);
        // Two that end soon are told once, by the later one; an expired one is past.
        let told = signs(&[client(1)], &[secret(1, 9), secret(1, 3), secret(1, -1)], &[]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].severity, Severity::Warning);
        let (id, at) = (client(1).id.0.to_string(), in_days(9).to_string());
        assert!(
            told[0].text.contains(&id) && told[0].text.contains(&at),
            "{told:?}"
        );
        // A longer one of the same client, or an issuer that vouches for it, takes over; those of another client do not.
        assert_eq!(codes(&[client(1)], &[secret(1, 3), secret(1, 15)], &[]), [""; 0]);
        assert_eq!(codes(&[client(1)], &[secret(1, 3)], &[issuer(1)]), [""; 0]);
        let clients = [client(1), client(2)];
        assert_eq!(codes(&clients, &[secret(1, 3), secret(2, 15)], &[]), expires);
        assert_eq!(codes(&clients, &[secret(1, 3)], &[issuer(2)]), expires);
    }
}
