//! A text as a QR code that stands in a page: one SVG element without script, style or address.

use std::fmt::Write as _;

use qrcodegen::{QrCode, QrCodeEcc};

/// The quiet zone around the code (ISO/IEC 18004 asks for four modules).
const BORDER: i32 = 4;

/// Draws a text as a QR code; `title` is what screen readers say. `None` for a text of more than some 2,300 bytes, which
/// fits into no code.
#[must_use]
pub fn as_svg(text: &str, title: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = code.size() + 2 * BORDER;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let from = x;
            while x < code.size() && code.get_module(x, y) {
                x += 1;
            }
            if x > from {
                let length = x - from;
                // Writing to a string does not fail.
                let _ = write!(path, "M{},{}h{length}v1h-{length}z", from + BORDER, y + BORDER);
            }
            x += 1;
        }
    }
    let title = escape(title);
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"240\" height=\"240\" role=\"img\" \
         aria-label=\"{title}\" shape-rendering=\"crispEdges\"><title>{title}</title>\
         <path fill=\"#fff\" d=\"M0,0h{side}v{side}h-{side}z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the path of a picture back into modules.
    fn modules(svg: &str) -> Vec<(i32, i32)> {
        let path = svg.rsplit(" d=\"").next().unwrap().split('"').next().unwrap();
        let runs = path.split('z').filter(|run| !run.is_empty());
        let cells = runs.flat_map(|run| {
            let numbers: Vec<i32> = run
                .trim_start_matches('M')
                .split([',', 'h', 'v'])
                .map(|number| number.parse().unwrap())
                .collect();
            let (x, y, length) = (numbers[0], numbers[1], numbers[2]);
            assert_eq!(numbers[3..], [1, -length]);
            (x..x + length).map(move |x| (x, y))
        });
        cells.collect()
    }

    #[test]
    fn the_picture_has_the_dark_modules_of_the_code_and_no_others() {
        let text = "otpauth://totp/Acme:ada%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let svg = as_svg(text, "QR code").unwrap();
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).unwrap();
        let mut dark = Vec::new();
        for y in 0..code.size() {
            for x in 0..code.size() {
                if code.get_module(x, y) {
                    dark.push((x + BORDER, y + BORDER));
                }
            }
        }
        assert_eq!(modules(&svg), dark);
        let side = code.size() + 2 * BORDER;
        assert!(svg.contains(&format!("viewBox=\"0 0 {side} {side}\"")));
    }

    #[test]
    fn the_picture_is_well_formed_and_holds_nothing_but_shapes_and_its_title() {
        let svg = as_svg("text", "Ada's <\"code\"> & more").unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let names: Vec<_> = document
            .descendants()
            .filter(roxmltree::Node::is_element)
            .map(|node| node.tag_name().name())
            .collect();
        assert_eq!(names, ["svg", "title", "path", "path"]);
        let title = document
            .descendants()
            .find(|node| node.tag_name().name() == "title");
        assert_eq!(
            title.and_then(|node| node.text()),
            Some("Ada's <\"code\"> & more")
        );
        assert!(as_svg(&"x".repeat(3_000), "too long").is_none());
    }
}
