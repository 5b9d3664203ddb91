//! The routes that need no authentication.

use super::assert_as_written;
use super::routes::{described, others};

#[test]
fn the_routes_that_need_no_authentication_are_those_of_the_list() {
    let mut open: Vec<String> = described()
        .into_iter()
        .chain(others())
        .filter(|route| route.is_open)
        .map(|route| format!("{} {}\n", route.path, route.method))
        .collect();
    open.sort();
    let head = "# The routes that need no authentication, with their methods. That each of them lets nobody in further than this\n\
                # says is for matrix.txt to show. Written by UPDATE_MATRIX=1.\n\n";
    assert_as_written("open_routes.txt", &format!("{head}{}", open.concat()));
}
