//! The states of a connection, as a picture that cannot lie.

use std::fmt::Write as _;

use wsabi::conn::{Cause, State};

/// `tests/expect/state.dot` is what ARCHITECTURE.md shows.
#[test]
fn the_graph_is_the_committed_one() {
    let mut graph = String::from("digraph state {\n");
    for state in State::ALL {
        for cause in Cause::ALL {
            if let Some(next) = state.after(cause) {
                writeln!(graph, "  {state:?} -> {next:?} [label=\"{cause:?}\"]").unwrap();
            }
        }
    }
    graph.push_str("}\n");
    assert_eq!(graph, include_str!("expect/state.dot"));
}

#[test]
fn a_state_only_moves_forward() {
    for state in State::ALL {
        for cause in Cause::ALL {
            let next = state.after(cause).unwrap_or(state);
            assert!(next as u8 >= state as u8, "{state:?} {cause:?}");
        }
    }
}
