//! The tool `skill_query`: how a model reads what its skills say. Parameters and answers are those of the specification's
//! tenant skills; a skill is named by its name there, or by its id.

use serde::Deserialize;
use serde_json::{Value, json};
use skillgate_agent::{ToolAnswer, ToolSpec, ToolsError};

use crate::service::shelf::{Granted, Loaded};

/// The tool's name: names without `__` are the host's own.
pub(crate) const SKILL_QUERY: &str = "skill_query";

/// The most bytes of instructions, and of a reference, that one answer shows.
const MAX_TEXT: usize = 128 << 10;

/// The tool as the model is offered it.
pub(crate) fn skill_query_spec() -> ToolSpec {
    let text = |description: &str| json!({ "type": "string", "description": description });
    ToolSpec {
        name: SKILL_QUERY.to_owned(),
        description:
            "Load instructions from an assigned skill. Use when you need domain expertise."
                .to_owned(),
        input_schema: json!({
            "type": "object",
            "properties": {
                "skillId": text("Skill ID to query (from available skills list)"),
                "query": text("The question or topic"),
                "context": text("Additional context to improve relevance"),
                "referenceFile": text("Specific reference file to load (e.g., 'ESCALATION-MATRIX.md')"),
            },
            "required": ["skillId"],
        }),
        idempotent: true,
        read_only: true,
    }
}

/// What the model asks for. `query` and `context` are for skills that are searched; instructions are given whole.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SkillQuery {
    skill_id: String,
    reference_file: Option<String>,
}

/// Answers a call of the tool.
///
/// # Errors
/// When the skill's package can't be read now.
pub(crate) async fn answer_skill_query(
    skills: &[Granted],
    arguments: &Value,
) -> Result<ToolAnswer, ToolsError> {
    let query = match SkillQuery::deserialize(arguments) {
        Ok(query) => query,
        Err(error) => return Ok(mistake(format!("The arguments do not fit: {error}."))),
    };
    let is_meant =
        |one: &&Granted| one.skill.name == query.skill_id || one.skill.skill_id == query.skill_id;
    let Some(granted) = skills.iter().find(is_meant) else {
        let names: Vec<&str> = skills.iter().map(|one| one.skill.name.as_str()).collect();
        let names = names.join(", ");
        return Ok(mistake(format!(
            "There is no such skill here. There are: {names}."
        )));
    };
    let skill = &granted.skill;
    let references = match query.reference_file {
        None => Vec::new(),
        Some(name) => match reference(skill, &name).await? {
            Ok(reference) => vec![reference],
            Err(why) => return Ok(mistake(why)),
        },
    };
    let content = json!({
        "skill": {
            "id": skill.name,
            "name": skill.name,
            "description": skill.manifest.description,
            "category": skill.manifest.category,
        },
        "instructions": shortened(&skill.manifest.body),
        "references": references,
        "availableReferences": skill.references,
        "availableScripts": skill.scripts,
    });
    Ok(ToolAnswer {
        content: content.to_string(),
        is_error: false,
        receipt: None,
    })
}

/// A reference as the answer shows it; the inner error is for the model.
async fn reference(skill: &Loaded, name: &str) -> Result<Result<Value, String>, ToolsError> {
    if !skill.references.iter().any(|known| known == name) {
        let known = skill.references.join(", ");
        return Ok(Err(format!(
            "The skill {} has no such reference file. It has: {known}.",
            skill.name
        )));
    }
    let bytes = skill
        .reference(name)
        .await
        .map_err(|error| ToolsError::new(error.message()))?;
    Ok(match bytes.map(String::from_utf8) {
        Some(Ok(text)) => Ok(json!({ "filename": name, "content": shortened(&text) })),
        Some(Err(_)) => Err(format!("The reference file {name} holds no text.")),
        None => Err(format!("The reference file {name} is not there any more.")),
    })
}

/// A text, cut to what one answer shows.
fn shortened(text: &str) -> String {
    let kept = &text[..text.floor_char_boundary(MAX_TEXT)];
    match text.len() - kept.len() {
        0 => kept.to_owned(),
        more => format!("{kept} … ({more} bytes more)"),
    }
}

fn mistake(content: String) -> ToolAnswer {
    ToolAnswer {
        content,
        is_error: true,
        receipt: None,
    }
}
