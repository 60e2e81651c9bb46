//! Writes the reference of functions: `… --example functions-reference > docs/reference/functions.md`.

#![allow(clippy::print_stdout)] // what it is for

fn main() {
    print!("{}", orchid_jmespath::functions::reference::reference());
}
