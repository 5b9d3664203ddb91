use jiff::SignedDuration;

use super::*;
use crate::sso::saml::write::tests::{HOSTILE, now, signed_part, signer};

const IDP: &str = "https://idp.example";
const SLO: &str = "https://sso.example.org/login/acme/1/slo";

fn expected() -> Expected<'static> {
    Expected {
        slo_url: SLO,
        idp_entity_id: IDP,
        now: now(),
    }
}

fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap()
}

fn request() -> LogoutRequest {
    LogoutRequest {
        id: "_1".to_owned(),
        issuer: IDP.to_owned(),
        destination: SLO.to_owned(),
        issue_instant: second(now()),
        not_on_or_after: None,
        name_id: NameId {
            value: "ada".to_owned(),
            format: None,
            name_qualifier: None,
            sp_name_qualifier: None,
        },
        session_indexes: Vec::new(),
    }
}

fn response() -> LogoutResponse {
    LogoutResponse {
        id: "_2".to_owned(),
        issuer: IDP.to_owned(),
        destination: SLO.to_owned(),
        issue_instant: second(now()),
        in_response_to: "_1".to_owned(),
        success: true,
    }
}

fn code(result: Result<impl std::fmt::Debug, SamlRefusal>) -> (Code, &'static str) {
    let refusal = result.unwrap_err();
    (refusal.code, refusal.check)
}

#[test]
fn a_request_is_read_back_with_everything_in_it() {
    let whole = LogoutRequest {
        not_on_or_after: Some(second(now())),
        name_id: NameId {
            value: "Ada <ada@acme.example> & \"co\"".to_owned(),
            format: Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress".to_owned()),
            name_qualifier: Some("https://idp.example/?a=1&b=\"2\"".to_owned()),
            sp_name_qualifier: Some("https://sso.example.org".to_owned()),
        },
        session_indexes: vec!["_s1".to_owned(), "s<2>&".to_owned()],
        ..request()
    };
    for request in [request(), whole] {
        assert_eq!(LogoutRequest::read(&request.to_xml(None)), Ok(request));
    }
}

#[test]
fn a_request_is_written_in_the_order_of_the_schema() {
    let mut request = request();
    request.session_indexes = vec!["s".to_owned()];
    let expected = "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         Destination=\"https://sso.example.org/login/acme/1/slo\" ID=\"_1\" \
         IssueInstant=\"2026-05-04T08:00:00Z\" Version=\"2.0\">\
         <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://idp.example</saml:Issuer>\
         <saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">ada</saml:NameID>\
         <samlp:SessionIndex>s</samlp:SessionIndex></samlp:LogoutRequest>";
    assert_eq!(request.to_xml(None), expected);
}

#[test]
fn a_response_is_read_back_with_its_status() {
    for success in [true, false] {
        let response = LogoutResponse {
            success,
            ..response()
        };
        assert_eq!(LogoutResponse::read(&response.to_xml(None)), Ok(response));
    }
    let nested = response().to_xml(None).replace(
        "Success\"></samlp:StatusCode>",
        "Success\"><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:PartialLogout\"/></samlp:StatusCode>\
         <samlp:StatusMessage>some are left</samlp:StatusMessage>",
    );
    assert!(LogoutResponse::read(&nested).unwrap().success);
    let inside = response().to_xml(None).replace(
        &format!("Value=\"{SUCCESS}\">"),
        &format!("Value=\"{RESPONDER}\"><samlp:StatusCode Value=\"{SUCCESS}\"/>"),
    );
    assert!(!LogoutResponse::read(&inside).unwrap().success);
}

#[test]
fn signed_messages_are_verified_by_another_implementation_whatever_they_hold() {
    let signer = signer();
    let mut request = request();
    request.name_id.value = HOSTILE.to_owned();
    request.issuer = HOSTILE.to_owned();
    let signed = signed_part(&request.to_xml(Some(&signer)), &signer);
    assert_eq!(signed, Some(request.to_xml(None)));
    let response = response();
    let signed = signed_part(&response.to_xml(Some(&signer)), &signer);
    assert_eq!(signed, Some(response.to_xml(None)));
}

#[test]
fn a_message_for_others_or_of_another_time_is_refused() {
    type Change = fn(&mut LogoutResponse);
    let seconds = |count| SignedDuration::from_secs(count);
    let table: [(Change, (Code, &str)); 3] = [
        (
            |message| message.issuer = "https://evil.example".to_owned(),
            (Code::SamlBadIssuer, "issuer"),
        ),
        (
            |message| message.issuer.push('/'),
            (Code::SamlBadIssuer, "issuer"),
        ),
        (
            |message| message.destination.push('/'),
            (Code::SamlBadDestination, "destination"),
        ),
    ];
    for (change, refused) in table {
        let mut changed = response();
        change(&mut changed);
        assert_eq!(code(changed.check(&expected())), refused);
        let request = LogoutRequest {
            issuer: changed.issuer,
            destination: changed.destination,
            ..request()
        };
        assert_eq!(code(request.check(&expected())), refused);
    }
    let at = |issue_instant| {
        let request = LogoutRequest {
            issue_instant,
            ..request()
        };
        let response = LogoutResponse {
            issue_instant,
            ..response()
        };
        let both = [request.check(&expected()), response.check(&expected())];
        both.map(|result| result.map_err(|refusal| (refusal.code, refusal.check)))
    };
    for good in [now(), now() + seconds(180), now() - seconds(780)] {
        assert_eq!(at(good), [Ok(()), Ok(())]);
    }
    let ahead = Err((Code::SamlClockSkew, "issue_instant"));
    assert_eq!(at(now() + seconds(181)), [ahead, ahead]);
    let old = Err((Code::SamlExpired, "issue_instant"));
    assert_eq!(at(now() - seconds(781)), [old, old]);
}

#[test]
fn a_time_is_read_as_in_a_response_in_utc_alone() {
    let xml = request().to_xml(None);
    let issued = format!("IssueInstant=\"{}\"", second(now()));
    assert!(xml.contains(&issued), "{xml}");
    for bad in [
        "2026-05-04T10:00:00+02:00",
        "2026-05-04 08:00:00Z",
        "2026-05-04T08:00:00",
    ] {
        let xml = xml.replace(&issued, &format!("IssueInstant=\"{bad}\""));
        let refusal = LogoutRequest::read(&xml).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.check),
            (Code::SamlMalformed, "issue_instant"),
            "{bad}"
        );
    }
}

#[test]
fn a_request_that_has_ended_is_refused() {
    let ending = |ago: i64| {
        let request = LogoutRequest {
            not_on_or_after: Some(now() - SignedDuration::from_secs(ago)),
            ..request()
        };
        request.check(&expected())
    };
    assert_eq!(ending(-60), Ok(()));
    assert_eq!(ending(179), Ok(()));
    assert_eq!(code(ending(180)), (Code::SamlExpired, "not_on_or_after"));
}

#[test]
fn requests_of_another_form_are_refused() {
    let xml = request().to_xml(None);
    let name_id = "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">ada</saml:NameID>";
    let issuer =
        "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">https://idp.example</saml:Issuer>";
    assert!(xml.contains(name_id) && xml.contains(issuer));
    let other = |name: &str| name_id.replace("NameID", name);
    let indexes = |text: &str| xml.replace(name_id, &format!("{name_id}{text}"));
    let many = "<samlp:SessionIndex>s</samlp:SessionIndex>".repeat(MAX_SESSION_INDEXES + 1);
    let long = format!(
        "<samlp:SessionIndex>{}</samlp:SessionIndex>",
        "s".repeat(MAX_SESSION_INDEX + 1)
    );
    let malformed = |check| (Code::SamlMalformed, check);
    let subject = (Code::SamlSubjectInvalid, "name_id");
    for (text, refused) in [
        (response().to_xml(None), malformed("message")),
        (
            xml.replace("SAML:2.0:protocol", "SAML:1.0:protocol"),
            malformed("message"),
        ),
        (
            xml.replace("Version=\"2.0\"", "Version=\"1.1\""),
            malformed("version"),
        ),
        (xml.replace(" Version=\"2.0\"", ""), malformed("version")),
        (xml.replace(" ID=\"_1\"", ""), malformed("id")),
        (
            xml.replace(&format!(" Destination=\"{SLO}\""), ""),
            malformed("destination"),
        ),
        (
            xml.replace(" IssueInstant=\"2026-05-04T08:00:00Z\"", ""),
            malformed("issue_instant"),
        ),
        (
            xml.replace("2026-05-04T08:00:00Z", "yesterday"),
            malformed("issue_instant"),
        ),
        (
            xml.replace(" Version=", " NotOnOrAfter=\"x\" Version="),
            malformed("not_on_or_after"),
        ),
        (xml.replace(issuer, ""), malformed("issuer")),
        (xml.replace(issuer, &issuer.repeat(2)), malformed("issuer")),
        (xml.replace("https://idp.example<", "<a/><"), malformed("issuer")),
        (xml.replace(name_id, ""), subject),
        (xml.replace(name_id, &name_id.repeat(2)), subject),
        (xml.replace(name_id, &other("EncryptedID")), subject),
        (xml.replace(name_id, &other("BaseID")), subject),
        (
            xml.replace(name_id, &format!("{name_id}{}", other("EncryptedID"))),
            subject,
        ),
        (xml.replace(">ada<", "><"), subject),
        (xml.replace(">ada<", ">ada<a/><"), subject),
        (indexes(&many), malformed("session_index")),
        (indexes(&long), malformed("session_index")),
        (indexes("<samlp:SessionIndex/>"), malformed("session_index")),
        (
            indexes("<samlp:SessionIndex><a/></samlp:SessionIndex>"),
            malformed("session_index"),
        ),
        (format!("<!DOCTYPE a>{xml}"), malformed("xml")),
        (xml.replace(">ada<", "><!--x-->ada<"), malformed("xml")),
        ("nothing".to_owned(), malformed("xml")),
    ] {
        assert_eq!(code(LogoutRequest::read(&text)), refused, "{text}");
    }
    let most = "<samlp:SessionIndex>s</samlp:SessionIndex>".repeat(MAX_SESSION_INDEXES);
    assert_eq!(
        LogoutRequest::read(&indexes(&most))
            .unwrap()
            .session_indexes
            .len(),
        100
    );
}

#[test]
fn responses_of_another_form_are_refused() {
    let xml = response().to_xml(None);
    let status = &xml[xml.find("<samlp:Status>").unwrap()..xml.rfind("</samlp:LogoutResponse>").unwrap()];
    let malformed = |check| (Code::SamlMalformed, check);
    for (text, refused) in [
        (request().to_xml(None), malformed("message")),
        (
            xml.replace(" InResponseTo=\"_1\"", ""),
            malformed("in_response_to"),
        ),
        (
            xml.replace("InResponseTo=\"_1\"", "InResponseTo=\"\""),
            malformed("in_response_to"),
        ),
        (xml.replace(status, ""), malformed("status")),
        (xml.replace(status, &status.repeat(2)), malformed("status")),
        (
            xml.replace(&format!(" Value=\"{SUCCESS}\""), ""),
            malformed("status"),
        ),
    ] {
        assert_eq!(code(LogoutResponse::read(&text)), refused, "{text}");
    }
}
