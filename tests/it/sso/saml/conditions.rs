//! What a provider says under a good signature, missing, wrong, and of another time.

use jiff::{SignedDuration, Timestamp};

use super::refused::Stage;
use crate::harness::saml::{Draft, Signing, attribute, instant};

const DATA: &str = "saml:SubjectConfirmationData";
const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status";

fn from_now(seconds: i64) -> String {
    instant(Timestamp::now() + SignedDuration::from_secs(seconds))
}

/// The assertion, signed with another value of an attribute.
fn with(stage: &Stage<'_>, path: &str, name: &str, value: &str) -> Draft {
    stage.draft().set(path, name, value).signed()
}

fn without(stage: &Stage<'_>, path: &str, name: &str) -> Draft {
    stage.draft().unset(path, name).signed()
}

fn without_element(stage: &Stage<'_>, path: &str) -> Draft {
    stage.draft().remove(path).signed()
}

fn named(stage: &Stage<'_>, name: &str) -> Draft {
    stage.draft().inside("saml:NameID", name).signed()
}

/// The message without an assertion, with a status.
fn failed(stage: &Stage<'_>, status: &str) -> Draft {
    stage
        .draft()
        .remove("saml:Assertion")
        .inside("samlp:Status", status)
}

fn status_code(name: &str) -> String {
    format!("<samlp:StatusCode Value=\"{STATUS}:{name}\"/>")
}

/// A second value of the attribute with the address.
fn addressed(stage: &Stage<'_>, values: &[&str]) -> Draft {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let draft = stage.draft();
    draft.put("saml:Attribute", &attribute("email", &values)).signed()
}

refused! {
    a_response_of_another_version: "saml_malformed" = |stage| with(stage, "samlp:Response", "Version", "1.1");
    a_response_without_a_version: "saml_malformed" = |stage| without(stage, "samlp:Response", "Version");
    an_assertion_of_another_version: "saml_malformed" = |stage| with(stage, "saml:Assertion", "Version", "2.1");
    an_assertion_without_a_version: "saml_malformed" = |stage| without(stage, "saml:Assertion", "Version");

    a_failure_at_the_provider: "saml_status_not_success" = |stage| failed(stage, &status_code("Responder"));
    a_failure_that_the_provider_has_signed: "saml_status_not_success" =
        |stage| failed(stage, &status_code("Responder")).sign_response(&Signing::default());
    a_failure_with_details: "saml_status_not_success" = |stage| {
        let status = format!(
            "<samlp:StatusCode Value=\"{STATUS}:Responder\">{}</samlp:StatusCode>\
             <samlp:StatusMessage>&lt;b&gt;The password was wrong&lt;/b&gt;</samlp:StatusMessage>",
            status_code("AuthnFailed")
        );
        failed(stage, &status)
    };
    a_failure_beside_a_good_assertion: "saml_status_not_success" =
        |stage| with(stage, "samlp:StatusCode", "Value", &format!("{STATUS}:Responder"));
    a_success_inside_a_failure: "saml_status_not_success" = |stage| {
        let status = format!("<samlp:StatusCode Value=\"{STATUS}:Requester\">{}</samlp:StatusCode>", status_code("Success"));
        stage.draft().inside("samlp:Status", &status).signed()
    };
    a_status_that_is_empty: "saml_status_not_success" = |stage| with(stage, "samlp:StatusCode", "Value", "");
    no_status: "saml_malformed" = |stage| without_element(stage, "samlp:Status");
    two_statuses: "saml_malformed" = |stage| {
        let signed = stage.signed();
        let status = signed.part("samlp:Status");
        signed.after("samlp:Status", &status)
    };

    another_issuer_of_the_assertion: "saml_bad_issuer" =
        |stage| stage.draft().inside("saml:Assertion/saml:Issuer", "https://other.example").signed();
    another_issuer_of_the_response: "saml_bad_issuer" =
        |stage| stage.draft().inside("samlp:Response/saml:Issuer", "https://other.example").signed();
    an_issuer_with_a_slash_behind_it: "saml_bad_issuer" = |stage| {
        let issuer = format!("{}/", stage.house.idp.entity_id);
        stage.draft().inside("saml:Assertion/saml:Issuer", &issuer).signed()
    };
    an_issuer_in_capitals: "saml_bad_issuer" = |stage| {
        let issuer = stage.house.idp.entity_id.to_uppercase();
        stage.draft().inside("saml:Assertion/saml:Issuer", &issuer).signed()
    };
    an_empty_issuer: "saml_bad_issuer" =
        |stage| stage.draft().inside("saml:Assertion/saml:Issuer", "").signed();
    an_issuer_of_another_format: "saml_bad_issuer" = |stage| {
        let format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
        with(stage, "saml:Assertion/saml:Issuer", "Format", format)
    };
    no_issuer_of_the_assertion: "saml_malformed" = |stage| {
        let draft = stage.draft().remove("saml:Assertion/saml:Issuer");
        draft.sign_response(&Signing::default())
    };

    another_destination: "saml_bad_destination" =
        |stage| with(stage, "samlp:Response", "Destination", "https://other.example/acs");
    a_destination_with_something_behind_it: "saml_bad_destination" = |stage| {
        let destination = format!("{}?x=1", stage.house.connection.acs_url);
        with(stage, "samlp:Response", "Destination", &destination)
    };
    an_empty_destination: "saml_bad_destination" = |stage| with(stage, "samlp:Response", "Destination", "");
    no_destination: "saml_bad_destination" = |stage| without(stage, "samlp:Response", "Destination");

    a_response_of_the_future: "saml_clock_skew" =
        |stage| with(stage, "samlp:Response", "IssueInstant", &from_now(300));
    a_response_of_long_ago: "saml_expired" =
        |stage| with(stage, "samlp:Response", "IssueInstant", &from_now(-3_600));
    a_response_without_a_time: "saml_assertion_invalid" = |stage| without(stage, "samlp:Response", "IssueInstant");
    an_assertion_of_the_future: "saml_clock_skew" =
        |stage| with(stage, "saml:Assertion", "IssueInstant", &from_now(300));
    an_assertion_of_long_ago: "saml_expired" =
        |stage| with(stage, "saml:Assertion", "IssueInstant", &from_now(-3_600));
    an_assertion_without_a_time: "saml_assertion_invalid" = |stage| without(stage, "saml:Assertion", "IssueInstant");
    a_time_that_is_none: "saml_assertion_invalid" = |stage| with(stage, "saml:Assertion", "IssueInstant", "now");
    a_time_without_a_zone: "saml_assertion_invalid" = |stage| {
        with(stage, "saml:Assertion", "IssueInstant", from_now(0).trim_end_matches('Z'))
    };

    no_conditions: "saml_assertion_invalid" = |stage| without_element(stage, "saml:Conditions");
    conditions_that_begin_later: "saml_clock_skew" =
        |stage| with(stage, "saml:Conditions", "NotBefore", &from_now(240));
    conditions_that_are_over: "saml_expired" =
        |stage| stage.draft().unset("saml:Conditions", "NotBefore")
            .set("saml:Conditions", "NotOnOrAfter", &from_now(-240)).signed();
    conditions_that_end_before_they_begin: "saml_assertion_invalid" = |stage| {
        let draft = stage.draft().set("saml:Conditions", "NotBefore", &from_now(100));
        draft.set("saml:Conditions", "NotOnOrAfter", &from_now(50)).signed()
    };
    a_condition_that_nobody_knows: "saml_assertion_invalid" = |stage| {
        let unknown = "<saml:Condition xsi:type=\"x:Unknown\" xmlns:x=\"urn:x\"/>";
        stage.draft().last_in("saml:Conditions", unknown).signed()
    };
    another_audience: "saml_bad_audience" =
        |stage| stage.draft().inside("saml:Audience", "https://other.example").signed();
    an_audience_with_something_behind_it: "saml_bad_audience" = |stage| {
        let audience = format!("{}/x", stage.house.connection.entity_id);
        stage.draft().inside("saml:Audience", &audience).signed()
    };
    an_audience_in_capitals: "saml_bad_audience" = |stage| {
        let audience = stage.house.connection.entity_id.to_uppercase();
        stage.draft().inside("saml:Audience", &audience).signed()
    };
    the_gateway_as_audience: "saml_bad_audience" =
        |stage| stage.draft().inside("saml:Audience", &stage.house.gateway.base()).signed();
    no_audience: "saml_bad_audience" = |stage| without_element(stage, "saml:Audience");
    no_audience_restriction: "saml_bad_audience" = |stage| without_element(stage, "saml:AudienceRestriction");
    two_restrictions_of_which_one_is_of_others: "saml_bad_audience" = |stage| {
        let other = "<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience>\
            </saml:AudienceRestriction>";
        stage.draft().after("saml:AudienceRestriction", other).signed()
    };
    two_restrictions_of_which_the_first_is_of_others: "saml_bad_audience" = |stage| {
        let other = "<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience>\
            </saml:AudienceRestriction>";
        stage.draft().before("saml:AudienceRestriction", other).signed()
    };

    no_subject: "saml_subject_invalid" = |stage| without_element(stage, "saml:Subject");
    no_name: "saml_subject_invalid" = |stage| without_element(stage, "saml:NameID");
    two_names: "saml_subject_invalid" =
        |stage| stage.draft().after("saml:NameID", "<saml:NameID>grace-1906</saml:NameID>").signed();
    two_subjects: "saml_subject_invalid" = |stage| {
        let draft = stage.draft();
        let subject = draft.part("saml:Subject").replace("ada-1815", "grace-1906");
        draft.before("saml:Subject", &subject).signed()
    };
    an_empty_name: "saml_subject_invalid" = |stage| named(stage, "");
    a_name_of_blanks: "saml_subject_invalid" = |stage| named(stage, "   ");
    a_name_with_a_blank_behind_it: "saml_subject_invalid" = |stage| named(stage, "ada-1815 ");
    a_name_of_257_characters: "saml_subject_invalid" = |stage| named(stage, &"a".repeat(257));
    a_name_with_a_tab: "saml_subject_invalid" = |stage| named(stage, "ada&#9;1815");
    a_name_with_a_line_end: "saml_subject_invalid" = |stage| named(stage, "ada\n1815");
    a_base_id_in_place_of_a_name: "saml_subject_invalid" = |stage| {
        stage.draft().put("saml:NameID", "<saml:BaseID>ada-1815</saml:BaseID>").signed()
    };
    an_encrypted_name: "saml_subject_invalid" =
        |stage| stage.draft().put("saml:NameID", "<saml:EncryptedID/>").signed();

    no_confirmation: "saml_assertion_invalid" = |stage| without_element(stage, "saml:SubjectConfirmation");
    a_confirmation_of_who_holds_a_key: "saml_assertion_invalid" = |stage| {
        with(stage, "saml:SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")
    };
    a_confirmation_by_who_vouches: "saml_assertion_invalid" = |stage| {
        with(stage, "saml:SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches")
    };
    a_confirmation_that_says_nothing: "saml_assertion_invalid" = |stage| without_element(stage, DATA);
    a_confirmation_for_another: "saml_bad_destination" =
        |stage| with(stage, DATA, "Recipient", "https://other.example/acs");
    a_confirmation_for_nobody: "saml_bad_destination" = |stage| without(stage, DATA, "Recipient");
    a_confirmation_that_is_over: "saml_expired" = |stage| with(stage, DATA, "NotOnOrAfter", &from_now(-240));
    a_confirmation_without_end: "saml_assertion_invalid" = |stage| without(stage, DATA, "NotOnOrAfter");
    a_confirmation_for_two_days: "saml_assertion_invalid" =
        |stage| with(stage, DATA, "NotOnOrAfter", &from_now(2 * 86_400));
    a_confirmation_that_begins_later: "saml_assertion_invalid" =
        |stage| with(stage, DATA, "NotBefore", &from_now(-60));
    a_confirmation_about_somebody_else: "saml_assertion_invalid" = |stage| {
        stage.draft().first_in("saml:SubjectConfirmation", "<saml:NameID>grace-1906</saml:NameID>").signed()
    };

    an_answer_to_another_request: "saml_relaystate_lost" = |stage| {
        let own = stage.begun.request_id();
        stage.draft().replace_all(&own, "_of-somebody-else").signed()
    };
    an_answer_to_another_request_inside: "saml_assertion_invalid" =
        |stage| with(stage, DATA, "InResponseTo", "_of-somebody-else");
    an_answer_to_another_request_outside: "saml_assertion_invalid" =
        |stage| with(stage, "samlp:Response", "InResponseTo", "_of-somebody-else");
    an_answer_to_no_request: "saml_idp_initiated_refused" = |stage| {
        stage.draft().unset(DATA, "InResponseTo").unset("samlp:Response", "InResponseTo").signed()
    };
    an_answer_to_the_empty_request: "saml_relaystate_lost" = |stage| {
        stage.draft().set(DATA, "InResponseTo", "").set("samlp:Response", "InResponseTo", "").signed()
    };

    no_statement_of_a_sign_in: "saml_assertion_invalid" = |stage| without_element(stage, "saml:AuthnStatement");
    a_sign_in_of_the_future: "saml_clock_skew" =
        |stage| with(stage, "saml:AuthnStatement", "AuthnInstant", &from_now(300));
    a_sign_in_without_a_time: "saml_assertion_invalid" =
        |stage| without(stage, "saml:AuthnStatement", "AuthnInstant");
    a_session_that_is_over: "saml_expired" =
        |stage| with(stage, "saml:AuthnStatement", "SessionNotOnOrAfter", &from_now(-1));

    an_attribute_that_is_said_twice: "saml_assertion_invalid" = |stage| {
        let again = attribute("email", &["grace@acme.example".to_owned()]);
        stage.draft().last_in("saml:AttributeStatement", &again).signed()
    };
    an_attribute_that_is_said_twice_in_two_statements: "saml_assertion_invalid" = |stage| {
        let again = attribute("email", &["grace@acme.example".to_owned()]);
        let again = format!("<saml:AttributeStatement>{again}</saml:AttributeStatement>");
        stage.draft().after("saml:AttributeStatement", &again).signed()
    };
    an_attribute_without_a_name: "saml_assertion_invalid" = |stage| without(stage, "saml:Attribute", "Name");
    no_address: "email_missing" = |stage| without_element(stage, "saml:Attribute");
    two_addresses: "email_malformed" =
        |stage| addressed(stage, &["ada@acme.example", "grace@acme.example"]);
    an_address_that_is_none: "email_malformed" = |stage| addressed(stage, &["ada at acme.example"]);
    an_address_outside_the_domains: "email_outside_domains" = |stage| addressed(stage, &["ada@evil.example"]);
    an_address_below_a_domain: "email_outside_domains" = |stage| addressed(stage, &["ada@sub.acme.example"]);
    an_address_with_a_comment_in_it: "saml_malformed" = |stage| {
        stage.draft().replace("ada@acme.example", "ada@acme.example<!-- -->.evil.example").signed()
    };
}
