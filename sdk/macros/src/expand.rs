//! The code that `#[tool]` adds beside the function: a type of the function's name (types and
//! functions have separate namespaces) that implements `skillgate_sdk::Tool`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{ItemFn, LitStr, Result, ReturnType, parse2};

use crate::attributes::Attributes;
use crate::function::{self, Parameter, Parameters};

/// Expands `#[tool(attributes)] item`.
pub(crate) fn tool(attributes: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let attributes = Attributes::parse(attributes)?;
    let mut function: ItemFn = parse2(item)?;
    function::check(&function)?;
    let description = function::description(&function)?;
    let parameters = function::take_parameters(&mut function)?;
    let registration = registration(&function, &attributes, &description, &parameters);
    Ok(quote! { #function #registration })
}

fn registration(
    function: &ItemFn,
    attributes: &Attributes,
    description: &str,
    parameters: &Parameters,
) -> TokenStream {
    let ident = &function.sig.ident;
    let visibility = &function.vis;
    let note = format!("Registers the tool `{ident}`; for `skillgate_sdk::skill!`.");
    let (definition, arguments, values) = arguments(parameters);
    let output = match &function.sig.output {
        ReturnType::Default => quote! { () },
        ReturnType::Type(_, ty) => quote! { #ty },
    };
    let describe = describe(function, attributes, description, &arguments, &output);
    quote! {
        #[doc = #note]
        #[allow(non_camel_case_types)]
        #visibility struct #ident {}

        const _: () = {
            #definition

            impl ::skillgate_sdk::Tool for #ident {
                #describe

                #[allow(unused_variables, reason = "a tool may take no arguments")]
                fn call(
                    arguments: &str,
                ) -> ::core::result::Result<::skillgate_sdk::ToolOutput, ::skillgate_sdk::ToolError> {
                    let arguments: #arguments = ::skillgate_sdk::__private::arguments(arguments)?;
                    <#output as ::skillgate_sdk::IntoOutput>::into_output(#ident(#values))
                }
            }
        };
    }
}

/// The name and the `describe` function of the implementation.
fn describe(
    function: &ItemFn,
    attributes: &Attributes,
    description: &str,
    arguments: &TokenStream,
    output: &TokenStream,
) -> TokenStream {
    let ident = function.sig.ident.unraw();
    let own_name = LitStr::new(&ident.to_string(), ident.span());
    let name = attributes.name.as_ref().unwrap_or(&own_name);
    let title = match &attributes.title {
        Some(title) => quote! { ::core::option::Option::Some(#title) },
        None => quote! { ::core::option::Option::None },
    };
    let Attributes {
        read_only,
        destructive,
        idempotent,
        open_world,
        ..
    } = attributes;
    quote! {
        const NAME: &'static str = #name;

        fn describe() -> ::skillgate_sdk::Description {
            ::skillgate_sdk::Description {
                name: #name,
                title: #title,
                description: #description,
                input_schema: ::skillgate_sdk::__private::input_schema::<#arguments>(),
                output_schema: <#output as ::skillgate_sdk::IntoOutput>::schema(),
                annotations: ::skillgate_sdk::Annotations {
                    read_only: #read_only,
                    destructive: #destructive,
                    idempotent: #idempotent,
                    open_world: #open_world,
                },
            }
        }
    }
}

/// The definition of the arguments' type (when it is ours to define), its name, and the
/// expressions to pass to the function.
fn arguments(parameters: &Parameters) -> (TokenStream, TokenStream, TokenStream) {
    let properties = match parameters {
        Parameters::Whole(ty) => return (quote! {}, quote! { #ty }, quote! { arguments }),
        Parameters::Each(properties) => properties,
    };
    let names: Vec<_> = properties.iter().map(|property| &property.name).collect();
    let fields = properties.iter().map(
        |Parameter {
             name,
             ty,
             attributes,
         }| {
            quote! { #(#attributes)* #name: #ty }
        },
    );
    let arguments = format_ident!("__Arguments");
    let definition = quote! {
        #[derive(
            ::skillgate_sdk::__private::serde::Deserialize,
            ::skillgate_sdk::__private::schemars::JsonSchema,
        )]
        #[serde(crate = "::skillgate_sdk::__private::serde", deny_unknown_fields)]
        #[schemars(crate = "::skillgate_sdk::__private::schemars")]
        struct #arguments { #(#fields),* }
    };
    (
        definition,
        quote! { #arguments },
        quote! { #(arguments.#names),* },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(attributes: TokenStream, item: TokenStream) -> String {
        match tool(attributes, item) {
            Ok(tokens) => panic!("accepted: {tokens}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_tool_needs_a_doc_comment() {
        let message = refusal(quote! {}, quote! { fn add(a: f64) -> f64 { a } });
        assert!(
            message.starts_with("a tool needs a doc comment"),
            "{message}"
        );
    }

    #[test]
    fn what_has_no_schema_is_refused() {
        let cases = [
            (quote! { #[doc = "x"] async fn f() {} }, "not async"),
            (
                quote! { #[doc = "x"] fn f<T>(x: T) {} },
                "no generic parameters",
            ),
            (quote! { #[doc = "x"] fn f(&self) {} }, "without self"),
            (quote! { #[doc = "x"] fn f(x: &str) {} }, "not a reference"),
            (
                quote! { #[doc = "x"] fn f((a, b): (u8, u8)) {} },
                "plain name",
            ),
            (
                quote! { #[doc = "x"] fn f(#[arguments] a: A, b: u8) {} },
                "stands alone",
            ),
        ];
        for (item, reason) in cases {
            let message = refusal(quote! {}, item);
            assert!(message.contains(reason), "{message}");
        }
    }

    #[test]
    fn wrong_attributes_are_refused() {
        let item = quote! { #[doc = "x"] fn f() {} };
        assert!(refusal(quote! { readonly }, item.clone()).contains("unknown key"));
        assert!(refusal(quote! { name = "a b" }, item.clone()).contains("1 to 64 characters"));
        assert!(refusal(quote! { read_only, destructive }, item).contains("either"));
    }
}
