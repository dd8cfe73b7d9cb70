//! The host as a component sees it: the imports of `wit/`, one file each.

pub(crate) mod exports;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod kv;
pub(crate) mod log;
pub(crate) mod progress;
pub(crate) mod secrets;

/// Generated from `wit/`. Only this folder names what is in it.
#[allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    clippy::all,
    clippy::unwrap_used,
    clippy::panic,
    reason = "generated code"
)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "skill",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "skillgate_sdk::__private::bindings",
    });
}
