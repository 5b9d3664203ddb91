//! Messages that were altered at random.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::open::open_response;
use super::signer::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is done to a message, it is refused or says what it said.
    #[test]
    fn an_altered_message_is_refused_or_means_the_same(
        both in any::<bool>(),
        edits in prop::collection::vec((any::<Index>(), any::<Index>(), 0_u8..6, 32_u8..127), 1..4),
    ) {
        let signed = sign(&assertion(&["staff", "two"]), "_a", &IDP);
        let mut message = response(&signed);
        if both {
            message = sign(&message, "_r", &IDP);
        }
        for (from, to, kind, byte) in edits {
            message = edit(&message, from, to, kind, byte);
        }
        if let Ok(opened) = open_response(&message, &trust(&KNOWN)) {
            match opened.assertion {
                Some(said) => prop_assert_eq!(said, assertion(&["staff", "two"])),
                // Without its assertion, and with another status, it is a refusal by the provider: nobody gets in.
                None => prop_assert!(!opened.response.contains("\"urn:oasis:names:tc:SAML:2.0:status:Success\"")),
            }
            if opened.response_signed {
                prop_assert_eq!(opened.response, response(&signed));
            }
        }
    }
}

/// Flips a byte, or doubles, moves, removes or renames an element.
fn edit(message: &str, from: Index, to: Index, kind: u8, byte: u8) -> String {
    if message.is_empty() {
        return String::new();
    }
    if kind == 0 {
        let mut bytes = message.as_bytes().to_vec();
        let at = from.index(bytes.len());
        bytes[at] = byte;
        return String::from_utf8(bytes).unwrap();
    }
    let Ok(document) = roxmltree::Document::parse(message) else {
        return message.to_owned();
    };
    let elements: Vec<_> = document
        .descendants()
        .filter(roxmltree::Node::is_element)
        .collect();
    let (one, other) = (
        elements[from.index(elements.len())].range(),
        elements[to.index(elements.len())].range(),
    );
    let text = &message[one.clone()];
    let place = if byte.is_multiple_of(2) {
        other.start
    } else {
        other.end
    };
    match kind {
        1 => format!("{}{text}{}", &message[..place], &message[place..]),
        2 if place <= one.start => {
            format!(
                "{}{text}{}{}",
                &message[..place],
                &message[place..one.start],
                &message[one.end..]
            )
        }
        2 if place >= one.end => {
            format!(
                "{}{}{text}{}",
                &message[..one.start],
                &message[one.end..place],
                &message[place..]
            )
        }
        3 => format!("{}{}", &message[..one.start], &message[one.end..]),
        4 => message.replacen(text, &text.replace("_a", "_b").replace("victim", "attacker"), 1),
        _ => format!(
            "{}{}{}",
            &message[..one.start],
            &message[other],
            &message[one.end..]
        ),
    }
}
