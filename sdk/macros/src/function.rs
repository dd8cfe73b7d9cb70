//! What the annotated function says about the tool: its doc comment and its parameters.

use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, Ident, ItemFn, Lit, Meta, Pat, PatType, Result, Type,
};

/// How the function takes its arguments.
pub(crate) enum Parameters {
    /// Each parameter is a property of the arguments' object.
    Each(Vec<Parameter>),
    /// One struct, marked `#[arguments]`, is the arguments' object.
    Whole(Box<Type>),
}

/// One property.
pub(crate) struct Parameter {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    /// Its `doc`, `serde` and `schemars` attributes.
    pub(crate) attributes: Vec<Attribute>,
}

/// Refuses what can't be a tool, saying why.
pub(crate) fn check(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    let refusal = if signature.asyncness.is_some() {
        "a tool is an ordinary function, not async: the SDK's helpers block until the host answers"
    } else if !signature.generics.params.is_empty() {
        "a tool has no generic parameters: its input schema needs concrete types"
    } else if signature.receiver().is_some() {
        "a tool is a free function, without self"
    } else {
        return Ok(());
    };
    Err(Error::new(signature.ident.span(), refusal))
}

/// The doc comment as one text; it is what the model reads, so there has to be one.
pub(crate) fn description(function: &ItemFn) -> Result<String> {
    let lines: Vec<String> = function.attrs.iter().filter_map(doc_line).collect();
    let text = lines.join("\n").trim().to_owned();
    if text.is_empty() {
        let message =
            "a tool needs a doc comment (`/// …`): it is the description that the model reads";
        return Err(Error::new(function.sig.ident.span(), message));
    }
    Ok(text)
}

/// The text of one `///` line, less the space after the slashes.
fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let Expr::Lit(ExprLit {
        lit: Lit::Str(text),
        ..
    }) = &pair.value
    else {
        return None;
    };
    let line = text.value();
    pair.path
        .is_ident("doc")
        .then(|| line.strip_prefix(' ').unwrap_or(&line).to_owned())
}

/// Takes the parameters, and strips the attributes that only the macro may see from them
/// (the compiler refuses doc comments there).
pub(crate) fn take_parameters(function: &mut ItemFn) -> Result<Parameters> {
    let mut each = Vec::new();
    for input in &mut function.sig.inputs {
        let FnArg::Typed(parameter) = input else {
            continue;
        };
        let (ours, theirs): (Vec<_>, Vec<_>) = std::mem::take(&mut parameter.attrs)
            .into_iter()
            .partition(is_ours);
        parameter.attrs = theirs;
        if ours
            .iter()
            .any(|attribute| attribute.path().is_ident("arguments"))
        {
            return whole(function);
        }
        each.push(property(parameter, ours)?);
    }
    Ok(Parameters::Each(each))
}

fn is_ours(attribute: &Attribute) -> bool {
    ["doc", "serde", "schemars", "arguments"]
        .iter()
        .any(|name| attribute.path().is_ident(name))
}

fn whole(function: &ItemFn) -> Result<Parameters> {
    match function.sig.inputs.first() {
        Some(FnArg::Typed(parameter)) if function.sig.inputs.len() == 1 => {
            Ok(Parameters::Whole(parameter.ty.clone()))
        }
        _ => Err(Error::new(
            function.sig.inputs.span(),
            "a parameter marked #[arguments] holds all of them, so it stands alone",
        )),
    }
}

fn property(parameter: &PatType, attributes: Vec<Attribute>) -> Result<Parameter> {
    let Pat::Ident(name) = parameter.pat.as_ref() else {
        let message = "a tool's parameter needs a plain name: it becomes a property of the schema";
        return Err(Error::new(parameter.pat.span(), message));
    };
    if let Type::Reference(reference) = parameter.ty.as_ref() {
        let message = "a tool owns its arguments: take String, Vec<T> or a struct, not a reference";
        return Err(Error::new(reference.span(), message));
    }
    Ok(Parameter {
        name: name.ident.clone(),
        ty: (*parameter.ty).clone(),
        attributes,
    })
}
