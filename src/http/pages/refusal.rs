//! The page of a sign-in that was refused.

use askama::Template;

use super::mailto::mailto_with;
use super::{ICON, Page, SCRIPT, STYLE, Words, exact};
use crate::directory::Language;
use crate::directory::access_error::{AccessError, Code, Contact, Remedy, WhoCanFix};

/// Why a sign-in was refused, who can mend it, and what to pass on to them. The trace is not shown: it is for those
/// who look the reference up.
#[derive(Template)]
#[template(path = "pages/refusal.html")]
pub struct RefusalPage<'a> {
    /// The reader's.
    pub language: Language,
    /// The refusal as it was stored.
    pub error: &'a AccessError,
    /// The tenant's name for people, when the tenant is known.
    pub tenant: Option<&'a str>,
    /// Where the tenant's people are sent for help.
    pub support_email: Option<&'a str>,
    /// Who of the tenant helps; nobody where the reader is not known to be one of its people.
    pub contacts: &'a [Contact],
    /// The error text of the identity provider, cleaned and cut; only where the callback belonged to a sign-in of
    /// this browser, since otherwise anybody could put words on this page.
    pub provider_text: Option<&'a str>,
    /// A path on this origin where the person can start again.
    pub start: &'a str,
}

impl RefusalPage<'_> {
    fn message(&self) -> &'static str {
        self.error.code.message(self.language)
    }

    fn cause(&self) -> &'static str {
        self.error.code.cause(self.language)
    }

    fn steps(&self) -> Vec<Step> {
        steps(self.error.code, self.language, self.words())
    }

    /// A fault of the gateway is no refusal.
    fn heading(&self) -> &'static str {
        let words = self.words();
        if self.error.code.status() >= 500 {
            words.fault
        } else {
            words.refused
        }
    }

    /// Starting again helps where the person can mend it.
    fn is_worth_trying_again(&self) -> bool {
        let remedies = self.error.code.remedies();
        remedies.iter().any(|remedy| remedy.who == WhoCanFix::Person)
    }

    /// Everything that whoever helps needs, as plain text.
    fn details(&self) -> String {
        let words = self.words();
        let (date, reference) = (exact(self.error.occurred_at), self.error.reference.to_string());
        let lines = [
            (words.message, Some(self.message())),
            (words.code, Some(self.error.code.as_str())),
            (words.provider_said, self.provider_text),
            (words.date, Some(&date)),
            (words.email, self.error.email.as_deref()),
            (words.organisation, self.tenant),
            (words.reference, Some(&reference)),
            (words.request, Some(&self.error.request_id)),
        ];
        // French sets a space before the colon, and no line may break there.
        let colon = match self.language {
            Language::English => ":",
            Language::French => "\u{a0}:",
        };
        lines
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}{colon} {}", value?)))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn role(&self, contact: &Contact) -> &'static str {
        self.words().who(contact.who)
    }

    /// A mail to somebody who helps, written already.
    fn mail_to(&self, to: &str) -> String {
        let subject = format!("{} {}", self.words().mail_subject, self.error.reference);
        let body = format!("\n\n{}\n", self.details());
        mailto_with(to, &subject, &body)
    }
}

impl Page for RefusalPage<'_> {
    fn language(&self) -> Language {
        self.language
    }
}

/// What somebody does to mend a refusal.
pub(super) struct Step {
    /// Who, in words.
    pub who: &'static str,
    /// What they do.
    pub advice: &'static str,
}

/// What each of those who can mend it does.
pub(super) fn steps(code: Code, language: Language, words: &Words) -> Vec<Step> {
    let step = |remedy: &Remedy| Step {
        who: words.who(remedy.who),
        advice: remedy.advice.read(language),
    };
    code.remedies().iter().map(step).collect()
}
