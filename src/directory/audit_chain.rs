//! The chain over the numbered audit rows of a tenant: each row carries a hash of itself and of the row before it, and the
//! head says which row is the last. A row that was changed, moved or taken away shows (decision 0039).
//!
//! What a row tells (`before` and `after`) goes into the chain as a salted digest. When a person is erased, the salt goes
//! with what was told, and nobody can try out names against the digest; the row of the erasure carries a digest of what
//! stands there instead.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use uuid::Uuid;

use super::erasure;
use super::id::TenantId;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// What the first row follows.
pub const GENESIS: Hash = [0; 32];

/// How long a salt is, in bytes.
pub const SALT_LENGTH: usize = 16;

/// A numbered audit row as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainRow {
    /// Its number.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// When it happened, in microseconds since 1970.
    pub at: i64,
    /// Who did it.
    pub actor: String,
    /// The way in.
    pub source: String,
    /// What was done.
    pub action: String,
    /// The kind of thing changed.
    pub target_kind: String,
    /// Its id.
    pub target_id: Uuid,
    /// The request's id.
    pub request_id: String,
    /// The text of what it was.
    pub before: Option<String>,
    /// The text of what it is.
    pub after: Option<String>,
    /// What the digest is salted with; gone when the row was erased.
    pub salt: Option<Vec<u8>>,
    /// The salted digest of both texts as they were written.
    pub digest: Option<Vec<u8>>,
    /// The row's hash.
    pub hash: Option<Vec<u8>>,
    /// Whether the texts were replaced when a person was erased.
    pub erased: bool,
}

impl ChainRow {
    /// The hash of this row behind another one, with the digest of what it tells.
    #[must_use]
    pub fn hash_after(&self, tenant: TenantId, previous: &Hash, digest: &[u8]) -> Hash {
        let mut context = Context::new(&SHA256);
        let number = |number: i64| number.to_be_bytes();
        for part in [
            b"rollcall audit row 1".as_slice(),
            previous,
            tenant.0.as_bytes(),
            &number(self.seq),
            self.id.as_bytes(),
            &number(self.at),
            self.actor.as_bytes(),
            self.source.as_bytes(),
            self.action.as_bytes(),
            self.target_kind.as_bytes(),
            self.target_id.as_bytes(),
            self.request_id.as_bytes(),
            digest,
        ] {
            add(&mut context, part);
        }
        finish(context)
    }

    /// The digest of what the row tells, under its salt.
    #[must_use]
    pub fn digest_with(&self, salt: &[u8]) -> Hash {
        digest(salt, self.before.as_deref(), self.after.as_deref())
    }
}

/// The digest of what a row tells. With an empty salt it is that of an erased row.
#[must_use]
pub fn digest(salt: &[u8], before: Option<&str>, after: Option<&str>) -> Hash {
    let mut context = Context::new(&SHA256);
    add(&mut context, b"rollcall audit documents 1");
    add(&mut context, salt);
    for document in [before, after] {
        // Nothing is not the same as an empty text.
        add(&mut context, if document.is_some() { b"1" } else { b"0" });
        add(&mut context, document.unwrap_or_default().as_bytes());
    }
    finish(context)
}

/// With its length, so that nothing can be moved from one part to the next.
fn add(context: &mut Context, part: &[u8]) {
    context.update(&(part.len() as u64).to_be_bytes());
    context.update(part);
}

fn finish(context: Context) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A hash as text: 64 lower-case hexadecimal digits.
#[must_use]
pub fn hex(hash: &[u8]) -> String {
    use std::fmt::Write as _;
    hash.iter()
        .fold(String::with_capacity(hash.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// What the head of a tenant's log says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// The last number that was given.
    pub seq: i64,
    /// The last row that is in the chain.
    pub chained: i64,
    /// Its hash.
    pub hash: Option<Vec<u8>>,
}

impl Head {
    /// The hash that the next row follows.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let known = self.hash.as_deref().and_then(|hash| hash.try_into().ok());
        known.unwrap_or(GENESIS)
    }
}

/// Where a chain is broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The row, or where one is missing.
    pub seq: i64,
    /// What is wrong.
    pub reason: Reason,
}

/// How a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There is no row of this number.
    Missing,
    /// The row is not what its hash says, or does not follow the one before.
    Changed,
    /// What the row tells is not what was written.
    DocumentsChanged,
    /// What the row told is gone, and no erasure says so.
    ErasedUnsaid,
    /// The row lies behind the last one that the head knows.
    BehindHead,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::Missing,
        Self::Changed,
        Self::DocumentsChanged,
        Self::ErasedUnsaid,
        Self::BehindHead,
    ];

    /// The word, stable.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::DocumentsChanged => "documents_changed",
            Self::ErasedUnsaid => "erased_unsaid",
            Self::BehindHead => "behind_head",
        }
    }
}

/// Walks a chain from its head back to its first row. Backwards, because a row of an erasure stands behind the rows that
/// it is about.
#[derive(Debug)]
pub struct Verifier {
    tenant: TenantId,
    head: Head,
    /// The row that was met last, which the next one has to come right before.
    above: Option<ChainRow>,
    /// By number, what stands in erased rows.
    erased: BTreeMap<i64, String>,
    broken: Option<Break>,
    rows: u64,
}

/// What a walk has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How many rows were met.
    pub rows: u64,
    /// The last row up to which nothing is wrong.
    pub verified_to: i64,
    /// The first thing that is wrong.
    pub broken_at: Option<Break>,
}

impl Verifier {
    /// Begins at a head.
    #[must_use]
    pub fn new(tenant: TenantId, head: Head) -> Self {
        Self {
            tenant,
            head,
            above: None,
            erased: BTreeMap::new(),
            broken: None,
            rows: 0,
        }
    }

    /// Whoever is found later stands before.
    fn note(&mut self, seq: i64, reason: Reason) {
        if self.broken.as_ref().is_none_or(|known| seq <= known.seq) {
            self.broken = Some(Break { seq, reason });
        }
    }

    /// Takes a row from behind the head.
    pub fn meet_behind(&mut self, seq: i64) {
        self.note(seq, Reason::BehindHead);
    }

    /// Takes the next row down.
    pub fn meet(&mut self, row: ChainRow) {
        self.rows += 1;
        match self.above.take() {
            None => {
                if row.seq < self.head.chained {
                    self.note(row.seq + 1, Reason::Missing);
                } else if row.hash != self.head.hash {
                    self.note(row.seq, Reason::Changed);
                }
            }
            Some(above) if above.seq == row.seq + 1 => {
                let previous = row.hash.as_deref().and_then(|hash| hash.try_into().ok());
                self.check_follows(&above, previous);
            }
            Some(_) => self.note(row.seq + 1, Reason::Missing),
        }
        self.check_documents(&row);
        if row.action == erasure::ACTION {
            self.hear(&row);
        }
        self.above = Some(row);
    }

    /// Ends the walk.
    #[must_use]
    pub fn finish(mut self) -> Verdict {
        match self.above.take() {
            Some(first) if first.seq == 1 => self.check_follows(&first, Some(GENESIS)),
            Some(_) => self.note(1, Reason::Missing),
            None if self.head.chained > 0 => self.note(1, Reason::Missing),
            None => {}
        }
        Verdict {
            rows: self.rows,
            verified_to: self
                .broken
                .as_ref()
                .map_or(self.head.chained, |broken| broken.seq - 1),
            broken_at: self.broken,
        }
    }

    fn check_follows(&mut self, row: &ChainRow, previous: Option<Hash>) {
        let digest = row.digest.as_deref().unwrap_or_default();
        let follows = previous.map(|previous| row.hash_after(self.tenant, &previous, digest).to_vec());
        if follows.is_none() || follows != row.hash {
            self.note(row.seq, Reason::Changed);
        }
    }

    fn check_documents(&mut self, row: &ChainRow) {
        if row.erased {
            let stands = hex(&row.digest_with(&[]));
            if self.erased.get(&row.seq) != Some(&stands) {
                self.note(row.seq, Reason::ErasedUnsaid);
            }
            return;
        }
        let salt = row.salt.as_deref().unwrap_or_default();
        if row.digest.as_deref() != Some(row.digest_with(salt).as_slice()) {
            self.note(row.seq, Reason::DocumentsChanged);
        }
    }

    /// An erasure says what stands in which rows; a later one, which was met before, knows better.
    fn hear(&mut self, row: &ChainRow) {
        let said = row.after.as_deref().map(erasure::rows_of).unwrap_or_default();
        for (seq, digest) in said {
            self.erased.entry(seq).or_insert(digest);
        }
    }
}

#[cfg(test)]
#[path = "audit_chain/tests.rs"]
mod tests;
