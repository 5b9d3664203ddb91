//! `/api/v1/me/mfa`: the second factor of whoever is signed in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Fields, JsonBody};
use super::users::MfaView;
use crate::directory::Language;
use crate::http::clock;
use crate::http::extract::SignedIn;
use crate::http::fresh::factor_dice;
use crate::http::problem::Problem;
use crate::http::state::Gateway;
use crate::login::Login;
use crate::login::local::second_factor::{self, Claim, Offer, RecoveryCodes};

pub(super) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(read_mfa, begin_mfa, remove_mfa))
        .routes(routes!(confirm_mfa))
        .routes(routes!(renew_recovery_codes))
}

/// A second factor as whoever is signed in sees it.
#[derive(Serialize, ToSchema)]
struct MyMfaView {
    #[serde(flatten)]
    mfa: MfaView,
    /// How many recovery codes are unused.
    recovery_codes_left: usize,
}

/// What an authenticator app is enrolled with.
#[derive(Serialize, ToSchema)]
pub(super) struct MfaOfferView {
    /// The secret in base32, in groups of four, to be typed.
    secret: String,
    /// What the QR code says.
    otpauth_uri: String,
    /// The QR code: an SVG element without script.
    qr_svg: String,
}

impl From<Offer> for MfaOfferView {
    fn from(offer: Offer) -> Self {
        Self {
            secret: offer.secret,
            otpauth_uri: offer.otpauth_uri,
            qr_svg: offer.qr_svg,
        }
    }
}

/// Recovery codes, each good once in place of a code of the app. They are shown this once.
#[derive(Serialize, ToSchema)]
struct RecoveryCodesView {
    recovery_codes: Vec<String>,
}

impl From<RecoveryCodes> for RecoveryCodesView {
    fn from(codes: RecoveryCodes) -> Self {
        Self {
            recovery_codes: codes.0,
        }
    }
}

/// What is shown besides the session: one of the two.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct MfaClaimBody {
    /// The password.
    current_password: Option<String>,
    /// The present code of the app, or a recovery code.
    code: Option<String>,
}

impl MfaClaimBody {
    fn read(self) -> Result<Option<Claim>, Problem> {
        match (self.current_password, self.code) {
            (None, None) => Ok(None),
            (Some(password), None) => Ok(Some(Claim::Password(password))),
            (None, Some(code)) => Ok(Some(Claim::Code(code))),
            (Some(_), Some(_)) => {
                let mut fields = Fields::default();
                fields.refuse("code", "current_password or code, not both");
                fields.finish().map(|()| None)
            }
        }
    }
}

/// Your second factor.
#[utoipa::path(get, path = "/me/mfa", security(("session" = [])), responses((status = 200, body = MyMfaView)))]
async fn read_mfa(State(login): State<Login>, signed_in: SignedIn) -> Result<Json<MyMfaView>, Problem> {
    let own = second_factor::read(&login, &signed_in.session).await?;
    Ok(Json(MyMfaView {
        mfa: MfaView::new(signed_in.session.user(), &own.tenant, own.enrolled),
        recovery_codes_left: own.recovery_codes_left,
    }))
}

/// Begins to enrol an authenticator app. Within ten minutes the same session is shown the same secret. Whoever has an app
/// already and wants another one shows the password or a code; the one before is good until the new one is confirmed.
#[utoipa::path(post, path = "/me/mfa", request_body = MfaClaimBody, security(("session" = [], "csrf" = [])),
    responses((status = 200, body = MfaOfferView)))]
async fn begin_mfa(
    State(login): State<Login>,
    signed_in: SignedIn,
    language: Language,
    JsonBody(body): JsonBody<MfaClaimBody>,
) -> Result<Json<MfaOfferView>, Problem> {
    let (claim, dice, origin) = (body.read()?, factor_dice()?, signed_in.origin());
    let offer = second_factor::begin(&login, &signed_in.session, claim, dice, language, origin).await?;
    Ok(Json(offer.into()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MfaCodeBody {
    /// The six digits that the app shows.
    code: String,
}

/// Takes the app by the first code that it gives. The recovery codes are shown this once.
#[utoipa::path(post, path = "/me/mfa/confirm", request_body = MfaCodeBody,
    security(("session" = [], "csrf" = [])), responses((status = 200, body = RecoveryCodesView)))]
async fn confirm_mfa(
    State(login): State<Login>,
    signed_in: SignedIn,
    JsonBody(body): JsonBody<MfaCodeBody>,
) -> Result<Json<RecoveryCodesView>, Problem> {
    let (dice, origin) = (factor_dice()?, signed_in.origin());
    let codes = second_factor::confirm(&login, &signed_in.session, body.code, dice, origin).await?;
    Ok(Json(codes.into()))
}

/// Removes the app and its recovery codes, where no second factor is required.
#[utoipa::path(delete, path = "/me/mfa", request_body = MfaClaimBody, security(("session" = [], "csrf" = [])),
    responses((status = 204)))]
async fn remove_mfa(
    State(login): State<Login>,
    signed_in: SignedIn,
    JsonBody(body): JsonBody<MfaClaimBody>,
) -> Result<StatusCode, Problem> {
    let (claim, nonce, origin) = (body.read()?, clock::random_nonce()?, signed_in.origin());
    second_factor::remove(&login, &signed_in.session, claim, nonce, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives new recovery codes, which are shown this once; those before are void.
#[utoipa::path(post, path = "/me/mfa/recovery-codes", request_body = MfaClaimBody,
    security(("session" = [], "csrf" = [])), responses((status = 200, body = RecoveryCodesView)))]
async fn renew_recovery_codes(
    State(login): State<Login>,
    signed_in: SignedIn,
    JsonBody(body): JsonBody<MfaClaimBody>,
) -> Result<Json<RecoveryCodesView>, Problem> {
    let (claim, dice, origin) = (body.read()?, factor_dice()?, signed_in.origin());
    let codes = second_factor::renew_recovery_codes(&login, &signed_in.session, claim, dice, origin).await?;
    Ok(Json(codes.into()))
}
