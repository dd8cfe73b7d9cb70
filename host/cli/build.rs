//! Compiles the crate again when the SDK or the WIT package changes: `new` carries both.

fn main() {
    for folder in ["../../sdk", "../../wit", "template"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
