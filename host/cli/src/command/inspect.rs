//! `inspect`.

use std::fmt::Write;

use serde::Serialize;
use skillgate_runtime::Tool;
use skillgate_skill::{Package, Permissions, SignatureError, sha256_hex};

use crate::args::Inspect;
use crate::exit::Outcome;
use crate::local::{self, Settings};
use crate::output::{Output, indent, plain, size};
use crate::{key_file, package};

/// Everything about a package.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspection {
    name: String,
    version: Option<String>,
    author: Option<String>,
    description: String,
    /// Digest over all files, independent of signatures.
    digest: String,
    /// Bytes of the package's file.
    size: usize,
    files: Vec<File>,
    permissions: Permissions,
    tools: Vec<Tool>,
    imports: Vec<String>,
    /// Why the sandbox would refuse the component; `null` when it would not.
    problem: Option<String>,
    signatures: Signatures,
}

#[derive(Serialize)]
struct File {
    path: String,
    size: usize,
    sha256: String,
}

/// Who signed, and whether it holds for the keys in the author's key folder.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Signatures {
    key_ids: Vec<String>,
    /// Whether a key of the key folder signed exactly this content.
    verified: bool,
    /// Why not.
    reason: Option<String>,
}

/// Shows what a package holds, without running more of it than its list of tools.
pub(crate) async fn run(arguments: &Inspect, output: &Output) -> Outcome {
    let size = package::bytes(&arguments.package)?.len();
    let package = package::read_lenient(&arguments.package)?;
    let inspection = inspect(&package, size).await?;
    output.result(&inspection, Inspection::text)?;
    Ok(())
}

async fn inspect(package: &Package, size: usize) -> Outcome<Inspection> {
    let (tools, imports, problem) = match package.component() {
        None => (Vec::new(), Vec::new(), None),
        Some(_) => match local::load(package, Settings::default()).await {
            Ok(skill) => (skill.tools().to_vec(), skill.imports().to_vec(), None),
            Err(failure) => (Vec::new(), Vec::new(), Some(format!("{:#}", failure.error))),
        },
    };
    let manifest = &package.manifest;
    let files = package.files.iter().map(|(path, bytes)| File {
        path: path.clone(),
        size: bytes.len(),
        sha256: sha256_hex(bytes),
    });
    Ok(Inspection {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        author: manifest.author.clone(),
        description: manifest.description.clone(),
        digest: package.digest().to_string(),
        size,
        files: files.collect(),
        permissions: manifest.permissions.clone(),
        tools,
        imports,
        problem,
        signatures: signatures(package)?,
    })
}

fn signatures(package: &Package) -> Outcome<Signatures> {
    let trusted = key_file::public_keys(&key_file::folder()?)?;
    let find = |id: &_| {
        trusted
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, key)| *key)
    };
    let verified = package.verify(&find);
    let envelope = package.envelope.iter();
    Ok(Signatures {
        key_ids: envelope
            .flat_map(|e| e.signatures.iter().map(|s| s.keyid.to_string()))
            .collect(),
        verified: verified.is_ok(),
        reason: verified.err().map(|error| match error {
            SignatureError::Untrusted(_) => "none of these keys is in your key folder".to_owned(),
            error => error.to_string(),
        }),
    })
}

impl Inspection {
    fn text(&self) -> String {
        let mut text = format!(
            "{} {}\n",
            self.name,
            self.version.as_deref().unwrap_or("(no version)")
        );
        text += &indent(&plain(&self.description), 2);
        let _ = writeln!(
            text,
            "\nsize:   {}\ndigest: {}",
            size(self.size as u64),
            self.digest
        );
        text += &self.signed_by();
        if let Some(problem) = &self.problem {
            let _ = writeln!(text, "\nThe sandbox would refuse it: {problem}");
        }
        section(
            &mut text,
            "tools",
            &self.tools.iter().map(describe).collect::<String>(),
        );
        let asked = match self.permissions.is_empty() {
            true => String::new(),
            false => self.permissions.to_yaml(),
        };
        section(&mut text, "permissions asked for", &asked);
        section(&mut text, "imports", &self.imports.join("\n"));
        let files = self
            .files
            .iter()
            .map(|f| format!("{}  {:>10}  {}\n", f.sha256, size(f.size as u64), f.path));
        section(&mut text, "files", &files.collect::<String>());
        text
    }

    fn signed_by(&self) -> String {
        let signatures = &self.signatures;
        match (signatures.key_ids.join(", "), &signatures.reason) {
            (ids, _) if ids.is_empty() => "signed: no\n".to_owned(),
            (ids, None) => format!("signed: by {ids}; the signature holds\n"),
            (ids, Some(reason)) => format!("signed: by {ids}; not verified here: {reason}\n"),
        }
    }
}

/// A tool as text: name, description, schemas.
fn describe(tool: &Tool) -> String {
    let mut text = format!("{}\n{}", tool.name, indent(&plain(&tool.description), 2));
    let _ = writeln!(text, "  input:  {}", tool.input_schema);
    if let Some(schema) = &tool.output_schema {
        let _ = writeln!(text, "  output: {schema}");
    }
    text
}

fn section(text: &mut String, title: &str, content: &str) {
    let content = if content.is_empty() { "none" } else { content };
    let _ = write!(text, "\n{title}:\n{}", indent(content, 2));
}
