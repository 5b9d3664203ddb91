//! Files of people as text: UTF-8, with commas, semicolons or tabs, the first line saying what the columns are.

use axum::body::Bytes;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use csv::{ReaderBuilder, StringRecord};

use super::super::super::body::{Fields, is_csv, read_bytes};
use super::columns::field_of;
use crate::directory::import::Header;
use crate::http::extract::judge_again;
use crate::http::idempotency::ReadBody;
use crate::http::middleware::body::BodyBudget;
use crate::http::problem::Problem;
use crate::http::state::PublicUrl;
use crate::login::Login;

/// How many rows a file may have.
const MOST_ROWS: usize = 10_000;
/// How many columns.
const MOST_COLUMNS: usize = 100;
/// The longest header, in characters.
const LONGEST_HEADER: usize = 200;

/// A body of type `text/csv`, as it came.
pub(super) struct CsvBody(pub Bytes);

impl<S> FromRequest<S> for CsvBody
where
    BodyBudget: FromRef<S>,
    Login: FromRef<S>,
    PublicUrl: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_csv(&parts.headers) || !is_utf8(&parts.headers) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                format!(
                    "{}: text/csv, of no charset or of utf-8 or us-ascii",
                    header::CONTENT_TYPE
                ),
            ));
        }
        let bytes = match parts.extensions.get::<ReadBody>() {
            Some(ReadBody(bytes)) => bytes.clone(),
            None => read_bytes(&parts.headers, body, &BodyBudget::from_ref(state)).await?,
        };
        judge_again(&parts.extensions, &parts.headers, state).await?;
        Ok(Self(bytes))
    }
}

/// Whether a body that names its charset names one that is UTF-8.
fn is_utf8(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str);
    let Some(Ok(said)) = said else {
        return false;
    };
    let charsets = said.split(';').skip(1).filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then_some(value.trim().trim_matches('"'))
    });
    let is_known = |charset: &str| {
        ["utf-8", "us-ascii"]
            .iter()
            .any(|known| charset.eq_ignore_ascii_case(known))
    };
    charsets.into_iter().all(is_known)
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct File {
    /// Its headers, in their order.
    pub headers: Vec<Header>,
    fields: Vec<Option<&'static str>>,
    /// Its rows, without those that are blank.
    pub rows: Vec<Row>,
}

/// A row of a file.
#[derive(Debug)]
pub(super) struct Row {
    /// The line on which it begins, from 1.
    pub line: u32,
    record: StringRecord,
}

impl File {
    /// Reads a file.
    ///
    /// # Errors
    /// It is no UTF-8, has no row or too many, two columns of one field, or none for addresses.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let mut fields = Fields::default();
        let text = text_of(bytes).inspect_err(|(code, message)| fields.refuse_as(code, "file", *message));
        fields.finish()?;
        read_rows(text.unwrap_or_default())
    }

    /// What a row says of a field, without blanks around it; `None` when that is nothing.
    pub(super) fn cell<'r>(&self, row: &'r Row, field: &str) -> Option<&'r str> {
        let at = self.fields.iter().position(|one| *one == Some(field))?;
        let text = row.record.get(at)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// Whether a row has as many columns as there are headers.
    pub(super) fn is_whole(&self, row: &Row) -> bool {
        row.record.len() == self.fields.len()
    }
}

fn text_of(bytes: &[u8]) -> Result<&str, (&'static str, &'static str)> {
    let not_utf8 = (
        "not_utf8",
        "text in UTF-8; a spreadsheet program offers it as \"CSV UTF-8\"",
    );
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| not_utf8)?;
    // PostgreSQL stores no NUL. UTF-16 without its mark has one in every other place.
    if text.contains('\0') {
        return Err(not_utf8);
    }
    Ok(text)
}

fn read_rows(text: &str) -> Result<File, Problem> {
    let mut problems = Fields::default();
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter_of(text))
        .flexible(true)
        .from_reader(text.as_bytes());
    // What is read lies in memory and is UTF-8, so reading does not fail.
    let headers = reader.headers().cloned().unwrap_or_default();
    let fields: Vec<_> = headers.iter().map(field_of).collect();
    check_headers(&mut problems, &headers, &fields);
    let mut rows = Vec::new();
    let mut lines = Lines::of(text);
    for record in reader.records().flatten() {
        let line = lines.line_at(record.position().map_or(0, csv::Position::byte));
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if rows.len() == MOST_ROWS {
            problems.refuse("file", format!("{MOST_ROWS} rows at most"));
            break;
        }
        rows.push(Row { line, record });
    }
    if rows.is_empty() {
        problems.refuse("file", "a line of headers, and then a row for each person");
    }
    problems.finish()?;
    let header = |(text, field): (&str, Option<&'static str>)| Header {
        text: text.trim().chars().take(LONGEST_HEADER).collect(),
        field: field.map(str::to_owned),
    };
    Ok(File {
        headers: headers.iter().zip(fields.iter().copied()).map(header).collect(),
        fields,
        rows,
    })
}

/// Counts the lines of a text. The reader's own count is behind where lines end in CR LF, or are empty.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u32,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            line: 1,
        }
    }

    /// The line of what begins behind a place, which is not before the last one that was asked for.
    fn line_at(&mut self, place: u64) -> u32 {
        let place = usize::try_from(place).unwrap_or(self.at).max(self.at);
        let passed = self.text.get(self.at..place).unwrap_or_default();
        let rest = self.text.get(place..).unwrap_or_default();
        let ends = rest.iter().take_while(|byte| b"\r\n".contains(byte));
        let mut counted = 0;
        for byte in passed.iter().chain(ends) {
            counted += 1;
            // A CR that no LF follows ends a line too, for the reader as well.
            let is_end =
                *byte == b'\n' || (*byte == b'\r' && self.text.get(self.at + counted) != Some(&b'\n'));
            self.line += u32::from(is_end);
        }
        self.at += counted;
        self.line
    }
}

fn check_headers(problems: &mut Fields, headers: &StringRecord, fields: &[Option<&'static str>]) {
    if fields.len() > MOST_COLUMNS {
        problems.refuse("file", format!("{MOST_COLUMNS} columns at most"));
        return;
    }
    for (at, field) in fields.iter().enumerate() {
        let before = fields[..at]
            .iter()
            .position(|one| field.is_some() && one == field);
        if let Some(before) = before {
            let (one, two) = (
                headers.get(before).unwrap_or_default(),
                headers.get(at).unwrap_or_default(),
            );
            problems.refuse(
                "file",
                format!("one column of each kind; {one:?} and {two:?} mean the same"),
            );
        }
    }
    if !fields.contains(&Some("email")) {
        problems.refuse(
            "file",
            "a first line with the names of the columns, one of which is email (GET .../imports/template.csv)",
        );
    }
}

/// Which of comma, semicolon and tab stands most often in the first line, outside of quotes.
fn delimiter_of(text: &str) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    for byte in text.trim_start_matches(['\r', '\n']).bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => {
                for (_, count) in counts.iter_mut().filter(|(one, _)| *one == byte) {
                    *count += 1;
                }
            }
        }
    }
    // The first of equals: a line with none of them is one column, whatever parts it.
    counts
        .into_iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(one, _)| one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
        let file = File::read(bytes).unwrap();
        let row = |row: &Row| (row.line, row.record.iter().map(str::to_owned).collect());
        file.rows.iter().map(row).collect()
    }

    #[test]
    fn the_first_line_says_what_parts_the_columns() {
        for file in [
            "email,first_name\na@b.example,Ada\n",
            "email;first_name\r\na@b.example;Ada\r\n",
            "\u{feff}email\tfirst_name\na@b.example\tAda",
            "\"email\";\"first_name\"\n\"a@b.example\";\"Ada\"\n\n;\n",
            "email;\"first_name\"\na@b.example;Ada",
        ] {
            let expected = vec![(2, vec!["a@b.example".to_owned(), "Ada".to_owned()])];
            assert_eq!(read(file.as_bytes()), expected, "{file:?}");
        }
        let one = read(b"email\na@b.example\n");
        assert_eq!(one, vec![(2, vec!["a@b.example".to_owned()])]);
    }

    #[test]
    fn quoted_cells_hold_commas_quotes_and_line_breaks_and_lines_are_counted_in_the_file() {
        let rows = read(
            b"email,full_name\n\"a@b.example\",\"Lovelace, \"\"Ada\"\"\"\n\n\"x\ny\",z\nb@b.example,B\n",
        );
        assert_eq!(
            rows[0],
            (2, vec!["a@b.example".to_owned(), "Lovelace, \"Ada\"".to_owned()])
        );
        assert_eq!(rows[1], (4, vec!["x\ny".to_owned(), "z".to_owned()]));
        assert_eq!(rows[2].0, 6);
        for end in ["\n", "\r\n", "\r"] {
            let text = ["email", "a@b.example", "", "b@b.example", "c@b.example", ""].join(end);
            let lines = read(text.as_bytes()).into_iter().map(|(line, _)| line);
            assert_eq!(lines.collect::<Vec<_>>(), [2, 4, 5], "{end:?}");
        }
    }

    #[test]
    fn what_is_no_list_of_people_is_refused_and_says_why() {
        for (file, code, what) in [
            (&b"\xFF\xFEe\0m\0a\0i\0l\0"[..], "not_utf8", "UTF-8"),
            (b"e\0m\0a\0i\0l\0\n\0a\0", "not_utf8", "UTF-8"),
            (b"email\nPr\xE9nom\n", "not_utf8", "UTF-8"),
            (b"", "invalid", "email"),
            (b"email\n\n", "invalid", "a row for each person"),
            (b"first_name\nAda\n", "invalid", "email"),
            (
                b"email,nom,last_name\na@b.example,A,B\n",
                "invalid",
                "\"nom\" and \"last_name\"",
            ),
        ] {
            let problem = File::read(file).unwrap_err();
            let text = format!("{problem:?}");
            assert_eq!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY, "{text}");
            assert!(text.contains(&format!("code: {code:?}")), "{text}");
            assert!(
                text.contains(&what.replace('"', "\\\"")) || text.contains(what),
                "{text}"
            );
        }
    }

    #[test]
    fn a_file_has_ten_thousand_rows_at_most() {
        let mut file = "email\n".to_owned();
        file.push_str(&"a@b.example\n".repeat(MOST_ROWS));
        assert_eq!(read(file.as_bytes()).len(), MOST_ROWS);
        file.push_str("a@b.example\n");
        assert!(File::read(file.as_bytes()).is_err());
    }
}
