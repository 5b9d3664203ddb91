//! `/api/v1/error-catalogue`: why a sign-in may be refused.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::list::List;
use crate::directory::access_error::{Remedy, WhoCanFix};
use crate::directory::language::Text;
use crate::directory::{Code, Language};
use crate::http::openapi::{one_of, section};
use crate::http::state::Gateway;
use crate::login::Login;

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    let routes = OpenApiRouter::default().routes(routes!(read));
    let about = "Every reason for which a sign-in may be refused, in the words that people read.";
    section("error-catalogue", about, routes)
}

/// Words in every language of the gateway.
#[derive(Serialize, ToSchema)]
struct WordsView {
    /// English.
    en: &'static str,
    /// French.
    fr: &'static str,
}

/// One reason.
#[derive(Serialize, ToSchema)]
struct ReasonView {
    /// Its name, which never changes.
    code: &'static str,
    /// The HTTP status of the answer.
    status: u16,
    /// The exact message that the person is shown and asked to copy.
    message: WordsView,
    /// What probably happened.
    cause: WordsView,
    /// Who can mend it, in the order in which to ask.
    #[schema(schema_with = helpers)]
    who_can_fix: Vec<&'static str>,
    /// What each of them does.
    advice: Vec<RemedyView>,
    /// A page with the same texts, in the language of the reader.
    help_url: String,
}

/// What one of those who can mend it does.
#[derive(Serialize, ToSchema)]
struct RemedyView {
    #[schema(schema_with = helper)]
    who: &'static str,
    advice: WordsView,
    /// The contact tags that name somebody of this role on the page of a refusal, the fittest first.
    contact_tags: &'static [&'static str],
}

fn helper() -> utoipa::openapi::schema::Object {
    one_of(WhoCanFix::ALL.map(WhoCanFix::as_str))
}

fn helpers() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::Array::new(helper())
}

impl From<Text> for WordsView {
    fn from(text: Text) -> Self {
        Self {
            en: text.read(Language::English),
            fr: text.read(Language::French),
        }
    }
}

impl From<&Remedy> for RemedyView {
    fn from(remedy: &Remedy) -> Self {
        Self {
            who: remedy.who.as_str(),
            advice: remedy.advice.into(),
            contact_tags: remedy.who.contact_tags(),
        }
    }
}

/// Every reason, in both languages. It is the same for everybody and needs no caller.
#[utoipa::path(get, path = "/error-catalogue", security(()), responses((status = 200, body = List<ReasonView>)))]
async fn read(State(login): State<Login>) -> Json<List<ReasonView>> {
    let reason = |code: &Code| {
        let both = |words: fn(Code, Language) -> &'static str| WordsView {
            en: words(*code, Language::English),
            fr: words(*code, Language::French),
        };
        ReasonView {
            code: code.as_str(),
            status: code.status(),
            message: both(Code::message),
            cause: both(Code::cause),
            who_can_fix: code.remedies().iter().map(|remedy| remedy.who.as_str()).collect(),
            advice: code.remedies().iter().map(RemedyView::from).collect(),
            help_url: login.help_url(*code),
        }
    };
    Json(Code::ALL.iter().map(reason).collect())
}
