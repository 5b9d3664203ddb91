//! Requests that may be sent again: the first answer to an Idempotency-Key is kept, and given to whoever repeats the
//! request.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Accounts, Error};
use crate::directory::{Actor, Authority, TenantId};
use crate::storage::{Claim, Claimed, Tx};

/// How long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How long a request may be at work before another one with the same key takes over: longer than any request takes, so that
/// what is taken over was lost in a crash.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// A request that carries a key.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who asks.
    pub by: Actor,
    /// What they may do.
    pub rights: &'a Authority,
    /// Whose tenant they belong to; none is the operator's.
    pub of: Option<TenantId>,
    /// The key as it was sent.
    pub key: &'a str,
    /// The method.
    pub method: &'a str,
    /// The address with its query.
    pub address: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// An answer, to be given again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers that are the answer's own.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A request that is the first one of its key and is owed an answer.
#[derive(Debug, Clone)]
pub struct Attempt {
    place: TenantId,
    claim: Claim,
    rights: String,
}

/// An answer as it is kept, with the rights that it was given to.
#[derive(Serialize, Deserialize)]
struct Kept {
    rights: String,
    answer: Answer,
}

/// What there is to do.
#[derive(Debug)]
pub enum Begun {
    /// The request is the first one.
    First(Attempt),
    /// It was answered before.
    Replay(Answer),
    /// It was answered before, and whoever asks may do less or more by now: what was shown then may not be theirs to see.
    RightsChanged,
    /// It is being answered; asking again makes sense after so many seconds.
    InProgress(u32),
    /// The key belongs to another request.
    Reused,
}

/// Looks whether a request was made before. `claim` is a new id.
///
/// # Errors
/// The database failed, or the kept answer cannot be read any more.
pub async fn begin(on: &Accounts, asked: Asked<'_>, claim: Uuid, now: Timestamp) -> Result<Begun, Error> {
    let place = asked.of.unwrap_or(TenantId(Uuid::nil()));
    let key = hash(&[asked.by.to_string().as_bytes(), asked.key.as_bytes()]);
    // A body may hold a password, which a plain hash would give away to whoever guesses with a copy of the database.
    let secret = on.hash_key.tag(b"a request under an Idempotency-Key", &key);
    let rights = URL_SAFE_NO_PAD.encode(hash(&[format!("{:?}", asked.rights).as_bytes()]));
    let claim = Claim {
        hash: key,
        fingerprint: hash(&[
            &secret,
            asked.method.as_bytes(),
            asked.address.as_bytes(),
            asked.body,
        ]),
        id: claim,
        at: now,
        leased_until: now + LEASE,
        expires_at: now + KEPT,
    };
    let asking = claim.clone();
    let claimed = on
        .store
        .write(place, async move |tx: &mut Tx| {
            Ok::<_, Error>(tx.claim_idempotency_key(&asking).await?)
        })
        .await?;
    Ok(match claimed {
        Claimed::First => Begun::First(Attempt { place, claim, rights }),
        Claimed::Other => Begun::Reused,
        Claimed::InProgress(until) => {
            let seconds = until.duration_since(now).as_secs();
            Begun::InProgress(u32::try_from(seconds).unwrap_or_default().max(1))
        }
        Claimed::Answered(sealed) => {
            let text = on.vault.open(&sealed, &sealed_place(place, &claim))?;
            let kept: Result<Kept, _> = serde_json::from_str(&text);
            let kept = kept.map_err(|_| crate::auth::vault::VaultError::Damaged)?;
            if kept.rights == rights {
                Begun::Replay(kept.answer)
            } else {
                Begun::RightsChanged
            }
        }
    })
}

/// Keeps the answer to a request; `None` lets the next one with the key be the first. `nonce` is 96 random bits.
///
/// # Errors
/// The database failed: until the lease ends, whoever repeats the request is told that it is on its way.
pub async fn finish(
    on: &Accounts,
    attempt: Attempt,
    answer: Option<(Answer, [u8; 12])>,
) -> Result<(), Error> {
    let Attempt { place, claim, rights } = attempt;
    let sealed = match answer {
        Some((answer, nonce)) => {
            let text = serde_json::json!(Kept { rights, answer }).to_string();
            Some(on.vault.seal(&text, &sealed_place(place, &claim), nonce)?)
        }
        None => None,
    };
    on.store
        .write(place, async move |tx: &mut Tx| {
            match &sealed {
                Some(sealed) => tx.keep_idempotent_answer(&claim, sealed).await?,
                None => tx.release_idempotency_key(&claim).await?,
            }
            Ok::<_, Error>(())
        })
        .await
}

/// What a kept answer belongs to: it may hold a token that is shown once.
fn sealed_place(tenant: TenantId, claim: &Claim) -> String {
    let key = URL_SAFE_NO_PAD.encode(claim.hash);
    format!("answer to Idempotency-Key {key} of tenant {tenant}")
}

/// One hash of several texts; each is preceded by its length, so that no two lists run together.
fn hash(texts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for text in texts {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text);
    }
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_read_alike_have_hashes_of_their_own() {
        assert_eq!(hash(&[b"POST", b"/a"]), hash(&[b"POST", b"/a"]));
        for other in [
            &[b"POST/".as_slice(), b"a"],
            &[b"POST", b"/a "],
            &[b"", b"POST/a"],
        ] {
            assert_ne!(hash(&[b"POST", b"/a"]), hash(other));
        }
    }
}
