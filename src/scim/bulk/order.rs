//! The order in which operations can be done.

use std::collections::HashMap;

use super::message::{BulkRequest, Operation, Target};
use super::references::references;

/// The operations by their places, in steps: each step needs nothing but earlier ones. The order is the request's but where
/// a reference leads forward. Operations of one step refer to one another in a circle, and have to be done together.
///
/// What an operation needs: the POSTs that its path or its data refer to, and the operation before it on the same resource.
/// A reference to an operation that is no POST, or to none, is left to whoever resolves it.
#[must_use]
pub fn order(request: &BulkRequest) -> Vec<Vec<usize>> {
    components(&needs(&request.operations))
}

fn needs(operations: &[Operation]) -> Vec<Vec<usize>> {
    let makers: HashMap<&str, usize> = operations
        .iter()
        .enumerate()
        .filter_map(|(index, operation)| Some((operation.made_name()?, index)))
        .collect();
    let mut last: HashMap<(&str, &Target), usize> = HashMap::new();
    let mut needs = Vec::with_capacity(operations.len());
    for (index, operation) in operations.iter().enumerate() {
        let mut own = Vec::new();
        if let Ok(verb) = &operation.verb {
            own.extend(
                references(&verb.data)
                    .iter()
                    .filter_map(|name| makers.get(name.as_str())),
            );
            if let Some(target) = &verb.target {
                own.extend(last.insert((&verb.endpoint, target), index));
                if let Target::BulkId(name) = target {
                    own.extend(makers.get(name.as_str()));
                }
            }
        }
        needs.push(own);
    }
    needs
}

/// Strongly connected components, each after those that it needs (Tarjan, SIAM J. Comput. 1972), without recursion: a
/// client may chain ten thousand operations.
fn components(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut number = vec![UNSEEN; needs.len()];
    let mut low = vec![0; needs.len()];
    let mut open = vec![false; needs.len()];
    let (mut stack, mut found, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..needs.len() {
        if number[root] != UNSEEN {
            continue;
        }
        // Who is being looked at, and how many of their needs have been.
        let mut path = vec![(root, 0)];
        while let Some((at, done)) = path.last_mut() {
            let at = *at;
            if *done == 0 {
                (number[at], low[at], open[at]) = (next, next, true);
                next += 1;
                stack.push(at);
            }
            if let Some(&need) = needs[at].get(*done) {
                *done += 1;
                if number[need] == UNSEEN {
                    path.push((need, 0));
                } else if open[need] {
                    low[at] = low[at].min(number[need]);
                }
                continue;
            }
            path.pop();
            if let Some((before, _)) = path.last() {
                low[*before] = low[*before].min(low[at]);
            }
            if low[at] == number[at] {
                let start = stack.iter().rposition(|one| *one == at).unwrap_or_default();
                let mut component = stack.split_off(start);
                component.sort_unstable();
                for one in &component {
                    open[*one] = false;
                }
                found.push(component);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::bulk::BULK_REQUEST_URN;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn steps(operations: &Value) -> Vec<Vec<usize>> {
        let body = json!({"schemas": [BULK_REQUEST_URN], "Operations": operations});
        order(&BulkRequest::parse(body).unwrap())
    }

    fn post(bulk_id: &str, members: &[&str]) -> Value {
        let members: Vec<Value> = members
            .iter()
            .map(|id| json!({"value": format!("bulkId:{id}")}))
            .collect();
        json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": {"members": members}})
    }

    #[test]
    fn a_forward_reference_is_done_first_and_the_rest_stays_in_order() {
        let found = steps(&json!([
            post("a", &["c"]),
            post("b", &[]),
            post("c", &["nobody"])
        ]));
        assert_eq!(found, [[2], [0], [1]]);
    }

    #[test]
    fn a_circle_is_one_step() {
        let found = steps(&json!([
            post("a", &["b", "d"]),
            post("b", &["c"]),
            post("c", &["a"]),
            post("d", &[]),
            post("e", &["e"])
        ]));
        assert_eq!(found, [vec![3], vec![0, 1, 2], vec![4]]);
    }

    #[test]
    fn operations_on_one_resource_keep_their_order() {
        let patch = json!({"method": "PATCH", "path": "/Groups/1", "data": {"x": "bulkId:u"}});
        let delete = json!({"method": "DELETE", "path": "/Groups/1"});
        let made = json!({"method": "DELETE", "path": "/Groups/bulkId:u"});
        let found = steps(&json!([patch, delete, made, post("u", &[])]));
        assert_eq!(found, [[3], [0], [1], [2]]);
    }

    #[test]
    fn ten_thousand_in_a_row_are_ordered() {
        let chain: Vec<Vec<usize>> = (1..=10_000)
            .map(|next| if next < 10_000 { vec![next] } else { vec![] })
            .collect();
        let found = components(&chain);
        assert_eq!((found.len(), found[0][0], found[9_999][0]), (10_000, 9_999, 0));
    }

    proptest! {
        #[test]
        fn every_step_needs_only_itself_and_earlier_ones(
            needs in prop::collection::vec(prop::collection::vec(0_usize..12, 0..4), 12)
        ) {
            let found = components(&needs);
            let mut done = Vec::new();
            for step in &found {
                for at in step {
                    for need in &needs[*at] {
                        prop_assert!(done.contains(need) || step.contains(need));
                    }
                }
                done.extend(step.iter().copied());
            }
            done.sort_unstable();
            prop_assert_eq!(done, (0..needs.len()).collect::<Vec<_>>());
            // Two of one step reach one another.
            for step in &found {
                for from in step {
                    let (mut reached, mut todo) = (vec![*from], vec![*from]);
                    while let Some(at) = todo.pop() {
                        for need in &needs[at] {
                            if !reached.contains(need) {
                                reached.push(*need);
                                todo.push(*need);
                            }
                        }
                    }
                    prop_assert!(step.iter().all(|one| reached.contains(one)));
                }
            }
        }
    }
}
