//! Too much of something, and forms that hold no message.

use std::fmt::Write as _;

use serde_json::json;

use super::fixture::House;
use super::refused::{Parameter, Stage};
use crate::harness::saml::{Draft, posted, redirect};
use crate::harness::{Call, Engine};

/// The good message with something in a place that nobody has signed.
fn beside(stage: &Stage<'_>, xml: &str) -> Draft {
    let detail = format!("<samlp:StatusDetail>{xml}</samlp:StatusDetail>");
    stage.signed().after("samlp:StatusCode", &detail)
}

fn nested(depth: usize) -> String {
    format!("{}{}", "<x xmlns=\"urn:x\">".repeat(depth), "</x>".repeat(depth))
}

fn with_attributes(count: usize) -> String {
    let mut tag = "<x xmlns=\"urn:x\"".to_owned();
    for number in 0..count {
        write!(tag, " a{number}=\"\"").expect("text");
    }
    tag + "/>"
}

refused! {
    a_depth_of_25: "saml_malformed" = |stage| beside(stage, &nested(22));
    a_depth_of_100_000: "saml_malformed" = |stage| beside(stage, &"<x>".repeat(100_000));
    sixty_five_attributes: "saml_malformed" = |stage| beside(stage, &with_attributes(65));
    ten_thousand_attributes: "saml_malformed" = |stage| beside(stage, &with_attributes(10_000));
    a_hundred_thousand_elements: "saml_malformed" =
        |stage| beside(stage, &format!("<y xmlns=\"urn:x\">{}</y>", "<x/>".repeat(100_001)));
    a_thousand_namespaces: "saml_malformed" = |stage| {
        let mut tag = "<x".to_owned();
        for number in 0..1_000 {
            write!(tag, " xmlns:n{number}=\"urn:n\"").expect("text");
        }
        beside(stage, &(tag + "/>"))
    };
    a_message_of_769_kib: "saml_malformed" = |stage| {
        let text = format!("<x xmlns=\"urn:x\">{}</x>", "a".repeat(769 * 1024));
        beside(stage, &text)
    };
    a_form_of_more_than_a_mebibyte: "saml_malformed" = |_| Parameter("A".repeat(1_100_000));

    a_parameter_that_is_no_base64: "saml_malformed" = |_| Parameter("<samlp:Response/>".to_owned());
    a_parameter_in_base64_for_addresses: "saml_malformed" = |stage| {
        Parameter(posted(&stage.signed().xml).replace('+', "-").replace('/', "_") + "-_")
    };
    a_parameter_without_its_padding: "saml_malformed" = |stage| {
        // So long that it has some.
        let mut xml = stage.signed().xml;
        while xml.len() % 3 != 1 {
            xml.push('\n');
        }
        Parameter(posted(&xml).trim_end_matches('=').to_owned())
    };
    a_parameter_with_something_behind_its_padding: "saml_malformed" =
        |stage| Parameter(posted(&format!("{}\n", stage.signed().xml)) + "====");
    a_parameter_with_a_star_in_it: "saml_malformed" = |stage| {
        let text = posted(&stage.signed().xml);
        Parameter(format!("{}*{}", &text[..400], &text[400..]))
    };
    a_deflated_message: "saml_malformed" = |stage| Parameter(redirect::packed(&stage.signed().xml));
    a_message_in_base64_twice: "saml_malformed" = |stage| Parameter(posted(&posted(&stage.signed().xml)));
    an_empty_parameter: "saml_malformed" = |_| Parameter(String::new());
}

mod forms {
    use super::*;

    on_both_engines!(
        a_form_without_one_message_is_refused,
        a_look_at_the_address_for_responses_is_no_sign_in,
        an_address_that_inflates_without_end_is_refused,
    );

    async fn a_form_without_one_message_is_refused(engine: Engine) {
        let house = House::closed(engine).await;
        let begun = house.begin().await;
        let good = posted(&house.draft(&begun).signed().xml);
        let state = begun.relay_state.clone().unwrap_or_default();
        let forms: [&[(&str, &str)]; 4] = [
            &[],
            &[("SAMLRequest", &good)],
            &[("SAMLResponse", &good), ("SAMLResponse", &good)],
            &[
                ("SAMLResponse", &good),
                ("RelayState", &state),
                ("RelayState", &state),
            ],
        ];
        for form in forms {
            let page = begun.browser.post(&house.connection.acs_url, form, None).await;
            house
                .is_refused(&begun.browser, &page, &json!([]), "saml_malformed")
                .await;
        }
        for (media_type, body) in [
            ("application/json", json!({"SAMLResponse": good}).to_string()),
            ("text/plain", format!("SAMLResponse={good}")),
            (
                "multipart/form-data; boundary=x",
                format!("--x\r\n\r\n{good}\r\n--x--"),
            ),
        ] {
            let call = Call::new("POST", &house.connection.acs_url);
            let answer = call.bytes(media_type, body).send().await;
            assert!(
                (400..500).contains(&answer.status),
                "{media_type}: {}",
                answer.status
            );
            assert!(answer.header("set-cookie").is_empty(), "{media_type}");
        }
        assert_eq!(house.people().await, json!([]));
    }

    async fn a_look_at_the_address_for_responses_is_no_sign_in(engine: Engine) {
        let house = House::closed(engine).await;
        let begun = house.begin().await;
        let query = redirect::query("SAMLResponse", &house.draft(&begun).signed().xml, None, None);
        for method in ["GET", "PUT", "DELETE"] {
            let call = Call::new(method, &format!("{}?{query}", house.connection.acs_url));
            let answer = call.send().await.expect(405);
            assert_eq!(answer.header("allow"), "POST", "{method}");
        }
    }

    async fn an_address_that_inflates_without_end_is_refused(engine: Engine) {
        let house = House::closed(engine).await;
        let begun = house.begin().await;
        // 8 MiB in 8 KiB.
        let bomb = format!("<samlp:LogoutRequest>{}", " ".repeat(8 << 20));
        for name in ["SAMLRequest", "SAMLResponse"] {
            let query = redirect::query(name, &bomb, None, None);
            let page = begun
                .browser
                .get(&format!("{}?{query}", house.connection.slo_url))
                .await;
            house
                .is_refused(&begun.browser, &page, &json!([]), "saml_malformed")
                .await;
        }
    }
}
