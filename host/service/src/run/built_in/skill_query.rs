//! The tool `skill_query`: how a model reads what its skills say. Parameters and answers are those of the specification's
//! tenant skills; a skill is named by its name there, or by its id.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use skillgate_agent::{
    PendingApproval, ProposedCall, ToolAnswer, ToolInvocation, ToolOrigin, ToolSpec, Tools,
    ToolsError,
};
use skillgate_runtime::LogLevel;

use super::BuiltInParts;
use crate::loaded_skills::{AgentSkill, LoadedSkill, LoadedSkills};
use crate::logs::{LogOwner, Logs};

/// The tool's name.
const SKILL_QUERY: &str = "skill_query";

/// The most bytes of instructions or of a reference that one answer shows, as JSON: with what stands beside them they fit in
/// the 64 KiB that the model is shown of a tool's answer.
const MAX_TEXT: usize = 52 << 10;
/// The most bytes of instructions beside a reference: who asks for that has read them.
const MAX_TEXT_BESIDE_REFERENCE: usize = 4 << 10;

/// The tool, for the skills of one agent.
pub(super) struct SkillQuery {
    owner: LogOwner,
    skills: Arc<Vec<AgentSkill>>,
    loaded_skills: LoadedSkills,
    logs: Logs,
}

impl SkillQuery {
    pub(super) fn new(parts: &BuiltInParts<'_>) -> Self {
        Self {
            owner: parts.owner.clone(),
            skills: parts.skills.clone(),
            loaded_skills: parts.loaded_skills.clone(),
            logs: parts.logs.clone(),
        }
    }
}

#[async_trait]
impl Tools for SkillQuery {
    /// Offered only to agents with skills.
    fn specs(&self) -> Vec<ToolSpec> {
        let offered = !self.skills.is_empty();
        offered.then(spec).into_iter().collect()
    }

    async fn approval(&self, _: &ProposedCall<'_>) -> Result<Option<PendingApproval>, ToolAnswer> {
        // It only reads.
        Ok(None)
    }

    async fn call(&self, call: ToolInvocation<'_>) -> Result<ToolAnswer, ToolsError> {
        self.logs.write(&self.owner, LogLevel::Info, SKILL_QUERY);
        let (owner, loaded_skills) = (&self.owner, &self.loaded_skills);
        answer(owner, loaded_skills, &self.skills, call.arguments).await
    }
}

/// The tool as the model is offered it.
fn spec() -> ToolSpec {
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
        origin: ToolOrigin::default(),
    }
}

/// What the model asks for. `query` and `context` are for skills that are searched; instructions are given whole.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SkillQueryArguments {
    skill_id: String,
    reference_file: Option<String>,
}

/// Answers a call of the tool by the agent `owner`.
///
/// # Errors
/// When the skill's package or its grant can't be read now.
async fn answer(
    owner: &LogOwner,
    loaded_skills: &LoadedSkills,
    skills: &[AgentSkill],
    arguments: &Value,
) -> Result<ToolAnswer, ToolsError> {
    let query = match SkillQueryArguments::deserialize(arguments) {
        Ok(query) => query,
        Err(error) => {
            return Ok(ToolAnswer::error(format!(
                "The arguments do not fit: {error}."
            )));
        }
    };
    let is_meant = |one: &&AgentSkill| {
        one.skill.name == query.skill_id || one.skill.skill_id == query.skill_id
    };
    let Some(granted) = skills.iter().find(is_meant) else {
        let names: Vec<&str> = skills.iter().map(|one| one.skill.name.as_str()).collect();
        let names = names.join(", ");
        return Ok(ToolAnswer::error(format!(
            "There is no such skill here. There are: {names}."
        )));
    };
    let skill = &granted.skill;
    let references = match query.reference_file {
        None => Vec::new(),
        Some(name) => match reference(&owner.account, skill, &name).await? {
            Ok(reference) => vec![reference],
            Err(why) => return Ok(ToolAnswer::error(why)),
        },
    };
    let most = match references.is_empty() {
        true => MAX_TEXT,
        false => MAX_TEXT_BESIDE_REFERENCE,
    };
    // After its files were read: what was taken back meanwhile is not shown.
    let grant = loaded_skills.current_grant(&owner.account, &owner.agent, granted);
    let grant = grant
        .await
        .map_err(|error| ToolsError::new(error.message()))?;
    if grant.state.is_revoked() {
        return Ok(ToolAnswer::error(format!(
            "The skill {} was removed from this agent, or its grant was revoked or has expired.",
            skill.name
        )));
    }
    let content = json!({
        "skill": {
            "id": skill.name,
            "name": skill.name,
            "description": skill.manifest.description,
            "category": skill.manifest.category,
        },
        "instructions": shortened(&skill.manifest.body, most),
        "references": references,
        "availableReferences": skill.references,
        "availableScripts": skill.scripts,
    });
    Ok(ToolAnswer::result(content.to_string()))
}

/// A reference as the answer shows it; the inner error is for the model.
async fn reference(
    account: &str,
    skill: &LoadedSkill,
    name: &str,
) -> Result<Result<Value, String>, ToolsError> {
    if !skill.references.iter().any(|known| known == name) {
        let known = skill.references.join(", ");
        return Ok(Err(format!(
            "The skill {} has no such reference file. It has: {known}.",
            skill.name
        )));
    }
    let bytes = skill
        .reference(account, name)
        .await
        .map_err(|error| ToolsError::new(error.message()))?;
    Ok(match bytes.map(String::from_utf8) {
        Some(Ok(text)) => Ok(json!({ "filename": name, "content": shortened(&text, MAX_TEXT) })),
        Some(Err(_)) => Err(format!("The reference file {name} holds no text.")),
        None => Err(format!("The reference file {name} is not there any more.")),
    })
}

/// A text, cut to `most` bytes of JSON.
fn shortened(text: &str, most: usize) -> String {
    let mut bytes = 0;
    let is_beyond = |char: &(usize, char)| {
        bytes += escaped_length(char.1);
        bytes > most
    };
    let kept = text.char_indices().find(is_beyond);
    let kept = &text[..kept.map_or(text.len(), |(at, _)| at)];
    match text.len() - kept.len() {
        0 => kept.to_owned(),
        more => format!("{kept} … ({more} bytes more)"),
    }
}

/// How many bytes a character takes in a JSON string.
fn escaped_length(char: char) -> usize {
    match char {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => char.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_what_it_takes_as_json() {
        for text in ["plain ü\u{1f600}", "\n\"\\\t\r", "\u{1}\u{8}\u{c}\u{7f}"] {
            for most in 0..40 {
                let shown = shortened(text, most);
                let kept = shown.split(" … (").next().unwrap_or_default();
                let bytes = Value::from(kept).to_string().len() - 2;
                assert!(bytes <= most, "{kept:?} takes {bytes} of {most} bytes");
                assert!(text.starts_with(kept) && (bytes + 6 > most || kept == text));
            }
        }
    }
}
