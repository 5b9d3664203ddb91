//! Back from a SAML provider.

use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::finished::{answer, returned};
use super::return_to::checked;
use crate::http::extract::RequestName;
use crate::http::form::{Form, FormError};
use crate::http::middleware::{BodyBudget, BodyError};
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;
use crate::login::Login;
use crate::login::saml::{self, MAX_FORM, NotPosted, Posted};

/// Takes what the browser posts for the provider (assertion consumer service).
pub(super) async fn acs(
    State(login): State<Login>,
    State(here): State<PublicUrl>,
    State(bodies): State<BodyBudget>,
    Path((tenant, connection)): Path<(String, String)>,
    RequestName(request_id): RequestName,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let form = Form::read(&parts, body, MAX_FORM, &bodies).await;
    let posted = match form {
        Ok(form) => posted(form, &here),
        Err(error) => Err(not_posted(&error)?),
    };
    let finished = match returned(&parts.headers, &here, &request_id) {
        Ok(returned) => saml::finish(&login, &tenant, &connection, posted, returned).await,
        Err(none) => Err(none.into()),
    };
    Ok(answer(finished, &login, &here, &parts.headers, &request_id).await)
}

fn posted(mut form: Form, here: &PublicUrl) -> Result<Posted, NotPosted> {
    let response = form.take("SAMLResponse").ok_or(NotPosted("no SAMLResponse"))?;
    let relay_state = form.take("RelayState");
    let path = relay_state.as_deref().and_then(|text| checked(text, here));
    Ok(Posted {
        response,
        return_to: path.unwrap_or("/").to_owned(),
        relay_state,
    })
}

/// What is wrong with a form is a refused sign-in; that it did not arrive is not.
fn not_posted(error: &FormError) -> Result<NotPosted, Problem> {
    match error {
        FormError::MediaType => Ok(NotPosted("another content type")),
        FormError::Body(BodyError::TooLarge) => Ok(NotPosted("a larger one")),
        FormError::Twice(_) => Ok(NotPosted("a field twice")),
        FormError::Nul => Ok(NotPosted("a NUL character")),
        FormError::Body(error) => Err((*error).into()),
    }
}
