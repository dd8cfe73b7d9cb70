//! `SKILL.md` as a [`Manifest`], leniently for what others wrote, strictly for what is published here.

use serde::Serialize;
use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::section::{AllowedTools, Metadata, OnlyStandardKeys, Section, Standard};
use super::yaml::{self, Dialect};
use super::{ConfigKey, Limits, check_skill_name, frontmatter};
use crate::{ManifestError, Permissions};

/// The most characters of a version: it is part of names and of a database index.
const MAX_VERSION: usize = 64;

/// What a `SKILL.md` says.
///
/// Source of the standard keys and their bounds: the Agent Skills specification.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 1 to 64 of `a-z`, `0-9` and single hyphens.
    pub name: String,
    /// What the skill does and when to use it; 1 to 1024 characters when read strictly.
    pub description: String,
    /// The licence, as text.
    pub license: Option<String>,
    /// What the skill needs around it; at most 500 characters when read strictly.
    pub compatibility: Option<String>,
    /// `metadata.version`; always there, and a semantic version, when read strictly.
    pub version: Option<String>,
    /// `metadata.author`, where it is a text.
    pub author: Option<String>,
    /// `allowed-tools`, one entry a tool.
    pub allowed_tools: Vec<String>,
    /// All of `metadata`, as found: an object, empty where there is none.
    pub metadata: Value,
    /// Top-level keys that the standard does not know, as found; empty when read strictly.
    pub extra: Map<String, Value>,
    /// `metadata.skillgate.category`.
    pub category: Option<String>,
    /// `metadata.skillgate.tags`: words to find it by; at most 20, of at most 50 characters each.
    pub tags: Vec<String>,
    /// `metadata.skillgate.use-cases`: what it is good for; at most 20, of at most 200 characters each.
    pub use_cases: Vec<String>,
    /// `metadata.skillgate.permissions`: what the skill asks for. None where it says nothing.
    pub permissions: Permissions,
    /// `metadata.skillgate.limits`.
    pub limits: Limits,
    /// `metadata.skillgate.config`: the declared settings.
    pub config: Vec<ConfigKey>,
    /// The instructions for the model: everything after the frontmatter.
    pub body: String,
}

impl Manifest {
    /// Reads what somebody wrote, for whatever system: unknown keys are kept, the version may be
    /// missing, and a text with `: ` in it may stand without quotes. What stands under
    /// `metadata.skillgate` is ours and must be right even so.
    ///
    /// # Errors
    /// When there is no frontmatter, it is no YAML, name or description are missing or unusable,
    /// or something under `metadata.skillgate` is wrong or unknown.
    pub fn parse_lenient(text: &str) -> Result<Self, ManifestError> {
        let read = |text: &str| Self::parse(text, Dialect::Any, &Bounds::LENIENT);
        read(text).or_else(|error| {
            let quoted = frontmatter::with_quoted_values(text);
            quoted.and_then(|text| read(&text).ok()).ok_or(error)
        })
    }

    /// Reads what is to be published here. Beside [`Manifest::parse_lenient`]: a semantic version,
    /// the standard's bounds, no unknown top-level key, block-style YAML.
    ///
    /// # Errors
    /// When any of that is not so; the error names the line where there is one.
    pub fn parse_strict(text: &str) -> Result<Self, ManifestError> {
        let parts = frontmatter::split(text)?;
        yaml::read::<OnlyStandardKeys>(parts.yaml, Dialect::Block).map_err(|error| {
            let moved = error.message.starts_with("unknown key");
            let remedy = match moved {
                true => "Move it under `metadata`, where other systems' keys are kept.".to_owned(),
                false => error.remedy,
            };
            ManifestError { remedy, ..error }
        })?;
        Self::parse(text, Dialect::Block, &Bounds::STRICT)
    }

    fn parse(text: &str, dialect: Dialect, bounds: &Bounds) -> Result<Self, ManifestError> {
        let parts = frontmatter::split(text)?;
        let mut extra: Map<String, Value> = yaml::read(parts.yaml, dialect)?;
        let standard: Standard = yaml::read(parts.yaml, dialect)?;
        let metadata = as_object(extra.remove("metadata"));
        for key in [
            "name",
            "description",
            "license",
            "compatibility",
            "allowed-tools",
        ] {
            extra.remove(key);
        }
        let Metadata { version, skillgate } = standard.metadata.unwrap_or_default();
        let section: Section = skillgate.unwrap_or_default();
        Ok(Self {
            name: bounds.name(standard.name)?,
            description: bounds.description(standard.description)?,
            license: bounds.short("license", standard.license)?,
            compatibility: bounds.short("compatibility", standard.compatibility)?,
            version: bounds.version(version, &extra)?,
            author: author(&metadata)?,
            allowed_tools: standard
                .allowed_tools
                .map(AllowedTools::entries)
                .unwrap_or_default(),
            metadata,
            extra,
            category: bounds.short("category", section.category)?,
            tags: short_texts("tags", section.tags, MAX_TAG)?,
            use_cases: short_texts("use-cases", section.use_cases, MAX_USE_CASE)?,
            permissions: section.permissions.unwrap_or_default(),
            limits: section.limits.unwrap_or_default(),
            config: checked_config(section.config.unwrap_or_default())?,
            body: parts.body.to_owned(),
        })
    }
}

fn as_object(metadata: Option<Value>) -> Value {
    metadata
        .filter(Value::is_object)
        .unwrap_or_else(|| Value::Object(Map::new()))
}

/// The most characters of an author: a list of skills shows it, and must stay small.
const MAX_AUTHOR: usize = 200;

/// `metadata.author`, where it is a text: others keep lists or tables there, which are left alone.
fn author(metadata: &Value) -> Result<Option<String>, ManifestError> {
    let author = metadata.get("author").and_then(Value::as_str);
    let length = author.map_or(0, |author| author.chars().count());
    match length > MAX_AUTHOR {
        true => Err(too_long("metadata.author", length, MAX_AUTHOR, None)),
        false => Ok(author.map(str::to_owned)),
    }
}

/// The most characters of a tag, and of a use case.
const MAX_TAG: usize = 50;
const MAX_USE_CASE: usize = 200;
/// The most entries of either list.
const MAX_SHORT_TEXTS: usize = 20;

/// A list of a few short texts under `metadata.skillgate`.
fn short_texts(
    key: &str,
    texts: Option<Vec<Spanned<String>>>,
    longest: usize,
) -> Result<Vec<String>, ManifestError> {
    let texts = texts.unwrap_or_default();
    let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= longest;
    let wrong = texts.iter().find(|text| !fits(&text.value));
    if texts.len() <= MAX_SHORT_TEXTS && wrong.is_none() {
        return Ok(texts.into_iter().map(|text| text.value).collect());
    }
    let message = match wrong {
        Some(_) => format!("an entry of `{key}` is empty, or has more than {longest} characters"),
        None => format!("`{key}` has {} entries", texts.len()),
    };
    let remedy = format!(
        "Give at most {MAX_SHORT_TEXTS} entries of 1 to {longest} characters under `metadata.skillgate.{key}`."
    );
    Err(ManifestError::new(wrong.and_then(line), message, remedy))
}

/// Each setting is declared once, and its default is of its type.
fn checked_config(config: Vec<ConfigKey>) -> Result<Vec<ConfigKey>, ManifestError> {
    let remedy = "Correct it under `metadata.skillgate.config`.";
    for (index, key) in config.iter().enumerate() {
        if config[..index].iter().any(|other| other.key == key.key) {
            let message = format!("the setting `{}` is declared twice", key.key);
            return Err(ManifestError::new(None, message, remedy));
        }
        if let Some(default) = &key.default {
            key.check(default)
                .map_err(|error| ManifestError::new(None, error.to_string(), remedy))?;
        }
    }
    Ok(config)
}

/// How long the standard keys may be, and whether a version must be there.
struct Bounds {
    description: usize,
    short: usize,
    version_required: bool,
}

impl Bounds {
    const STRICT: Self = Self {
        description: 1024,
        short: 500,
        version_required: true,
    };
    const LENIENT: Self = Self {
        description: 8192,
        short: 4096,
        version_required: false,
    };

    fn name(&self, name: Option<Spanned<String>>) -> Result<String, ManifestError> {
        let remedy = "Give the skill the name of its directory.";
        let name = name.ok_or_else(|| missing("name"))?;
        check_skill_name(&name.value)
            .map_err(|error| ManifestError::new(line(&name), error.to_string(), remedy))?;
        Ok(name.value)
    }

    fn description(&self, description: Option<Spanned<String>>) -> Result<String, ManifestError> {
        let description = description.ok_or_else(|| missing("description"))?;
        if description.value.trim().is_empty() {
            let remedy = "Say what the skill does and when to use it.";
            return Err(ManifestError::new(
                line(&description),
                "`description` is empty",
                remedy,
            ));
        }
        bounded("description", description, self.description)
    }

    fn short(
        &self,
        key: &str,
        value: Option<Spanned<String>>,
    ) -> Result<Option<String>, ManifestError> {
        value
            .map(|value| bounded(key, value, self.short))
            .transpose()
    }

    /// `metadata.version`; leniently also a top-level `version`, which others write.
    fn version(
        &self,
        version: Option<Spanned<String>>,
        extra: &Map<String, Value>,
    ) -> Result<Option<String>, ManifestError> {
        if !self.version_required {
            let top_level = || match extra.get("version") {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            return match (version, top_level()) {
                (Some(version), _) => Ok(Some(bounded("metadata.version", version, MAX_VERSION)?)),
                (None, Some(version)) if version.chars().count() > MAX_VERSION => Err(too_long(
                    "version",
                    version.chars().count(),
                    MAX_VERSION,
                    None,
                )),
                (None, version) => Ok(version),
            };
        }
        let remedy =
            "Write `version: \"1.0.0\"` under `metadata`: three numbers, as semver.org has them.";
        let Some(version) = version else {
            return Err(ManifestError::new(
                None,
                "`metadata.version` is missing",
                remedy,
            ));
        };
        let version = Spanned {
            value: bounded("metadata.version", version.clone(), MAX_VERSION)?,
            ..version
        };
        semver::Version::parse(&version.value).map_err(|error| {
            let text = crate::error::shown(&version.value);
            ManifestError::new(
                line(&version),
                format!("`{text}` is no version: {error}"),
                remedy,
            )
        })?;
        Ok(Some(version.value))
    }
}

fn too_long(key: &str, length: usize, limit: usize, line: Option<usize>) -> ManifestError {
    let message = format!("`{key}` is {length} characters long, more than {limit}");
    let remedy = "Shorten it; details belong into the text below the frontmatter.";
    ManifestError::new(line, message, remedy)
}

fn bounded(key: &str, value: Spanned<String>, limit: usize) -> Result<String, ManifestError> {
    let length = value.value.chars().count();
    if length > limit {
        return Err(too_long(key, length, limit, line(&value)));
    }
    let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if value.value.contains(forbidden) {
        let message = format!("`{key}` holds a control character");
        return Err(ManifestError::new(line(&value), message, "Remove it."));
    }
    Ok(value.value)
}

fn line<T>(value: &Spanned<T>) -> Option<usize> {
    usize::try_from(value.referenced.line())
        .ok()
        .filter(|line| *line > 0)
}

fn missing(key: &str) -> ManifestError {
    let remedy = format!("Add `{key}:` to the frontmatter.");
    ManifestError::new(None, format!("`{key}` is missing"), remedy)
}
