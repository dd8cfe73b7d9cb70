//! What stands in the brackets: `#[tool(read_only, idempotent, name = "…", title = "…")]`.

use proc_macro2::TokenStream;
use syn::meta::ParseNestedMeta;
use syn::parse::Parser;
use syn::{LitStr, Result};

/// The attribute's arguments; what was not written is false or absent.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) title: Option<LitStr>,
    pub(crate) read_only: bool,
    pub(crate) destructive: bool,
    pub(crate) idempotent: bool,
    pub(crate) open_world: bool,
}

impl Attributes {
    /// Reads the tokens between the brackets; an unknown key is an error at its place.
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let mut attributes = Self::default();
        syn::meta::parser(|meta| attributes.set(&meta)).parse2(tokens)?;
        if attributes.read_only && attributes.destructive {
            let message = "a tool is either read_only or destructive";
            return Err(syn::Error::new(proc_macro2::Span::call_site(), message));
        }
        Ok(attributes)
    }

    fn set(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let key = meta.path.get_ident().map(ToString::to_string);
        match key.as_deref() {
            Some("name") => self.name = Some(tool_name(meta.value()?.parse()?)?),
            Some("title") => self.title = Some(meta.value()?.parse()?),
            Some("read_only") => self.read_only = true,
            Some("destructive") => self.destructive = true,
            Some("idempotent") => self.idempotent = true,
            Some("open_world") => self.open_world = true,
            _ => return Err(meta.error(
                "unknown key; known are read_only, destructive, idempotent, open_world, name = \"…\", title = \"…\"",
            )),
        }
        Ok(())
    }
}

/// A name as `wit/tools.wit` allows it: 1 to 64 of `a-z A-Z 0-9 _ -`.
fn tool_name(name: LitStr) -> Result<LitStr> {
    let value = name.value();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if value.is_empty() || value.len() > 64 || !value.bytes().all(allowed) {
        let message = "a tool's name is 1 to 64 characters of a-z, A-Z, 0-9, _ and -";
        return Err(syn::Error::new(name.span(), message));
    }
    Ok(name)
}
