//! The `#[tool]` attribute of `skillgate-sdk`.
//!
//! Invariant: the annotated function is emitted as it was written (less the attributes on its
//! parameters), so it stays an ordinary function that can be called and tested directly.

mod attributes;
mod expand;
mod function;

use proc_macro::TokenStream;

/// Makes a function a tool. See the documentation of `skillgate-sdk`.
#[proc_macro_attribute]
pub fn tool(attributes: TokenStream, item: TokenStream) -> TokenStream {
    expand::tool(attributes.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
