//! Workload f: a page of a long list, at its beginning and deep inside.

use anyhow::{Result, ensure};
use serde_json::Value;

use super::Bench;
use crate::client::Connection;
use crate::report::Size;
use crate::request::Endpoint;
use crate::say;
use crate::target::Workload;
use crate::workload::{PAGE, Page, cursor_page, index_page};

/// Latency is told by the first, the rate by the second.
const CONNECTIONS: [usize; 2] = [1, 4];

impl Bench<'_> {
    /// f. By index and by cursor, in a directory of so many users.
    pub(super) async fn pages(&mut self, directory: &Endpoint, users: usize) -> Result<()> {
        let deep = users / 10 * 9 + 1;
        let title = format!("f. startIndex={deep}");
        self.page(
            Workload::FirstPage,
            "f. startIndex=1",
            &index_page(1),
            directory,
            users,
        )
        .await?;
        self.page(Workload::DeepPage, &title, &index_page(deep), directory, users)
            .await?;
        match middle(directory, users).await? {
            Ok(cursor) => {
                let begin = cursor_page("");
                self.page(Workload::FirstCursor, "f. cursor=", &begin, directory, users)
                    .await?;
                let middle = cursor_page(&cursor);
                self.page(
                    Workload::MiddleCursor,
                    "f. cursor of the middle",
                    &middle,
                    directory,
                    users,
                )
                .await
            }
            Err(reason) => {
                self.report
                    .leave_out("f. pages by cursor", format!("not offered: {reason}"));
                Ok(())
            }
        }
    }

    async fn page(
        &mut self,
        workload: Workload,
        title: &str,
        path: &str,
        directory: &Endpoint,
        users: usize,
    ) -> Result<()> {
        for connections in CONNECTIONS {
            let sources = (0..connections)
                .map(|_| Page::new(directory, path, users))
                .collect();
            self.timed(workload, title, Some(Size::Users(users)), directory, sources)
                .await?;
        }
        Ok(())
    }
}

/// The cursor of the page in the middle, reached as a client does: page by page from the first. Inside, why this
/// gateway has none.
async fn middle(directory: &Endpoint, users: usize) -> Result<Result<String, String>> {
    say("walking to the middle by cursor");
    let mut connection = Connection::open(directory.address).await?;
    let mut cursor = String::new();
    for _ in 0..users / PAGE / 2 {
        let path = cursor_page(&cursor);
        let response = connection.exchange(directory.get(&path).as_bytes()).await?;
        if response.status != 200 {
            return Ok(Err(format!("GET {path} answered {}", response.status)));
        }
        let answer: Value = serde_json::from_slice(response.body)?;
        let Some(next) = answer["nextCursor"].as_str() else {
            return Ok(Err(format!("the answer to GET {path} has no nextCursor")));
        };
        ensure!(
            next.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
            "nextCursor {next:?} holds what RFC 9865 section 2 does not allow"
        );
        next.clone_into(&mut cursor);
    }
    Ok(Ok(cursor))
}
