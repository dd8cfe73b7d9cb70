//! What a step of a run used, as it is counted for the account.

use serde_json::Value;
use skillgate_agent::{CallReceipt, Step, Usage};
use skillgate_store::{NewUsage, UsageKind, UsageTotals};

use crate::prices::{cost_nanos, count};

/// The most bytes of a model's or skill's name in the usage. Longer ones are cut: they are part of a key.
const MAX_SUBJECT_BYTES: usize = 200;

/// What `step` used, which follows the steps `before` of its run; `None` for steps that use nothing.
pub(super) fn usage_of(step: &Step, before: &[Step]) -> Option<NewUsage> {
    match step {
        Step::ModelAnswer { usage, .. } => {
            let (provider, model) = asked(before)?;
            let is_first = !answers(before).any(|one| one == (provider, model));
            Some(model_call(provider, model, *usage, is_first))
        }
        Step::ToolEnded {
            receipt: Some(receipt),
            ..
        } => {
            let skill = receipt.field("skill")?.as_str()?;
            let is_first = !skills(before).any(|one| one == skill);
            Some(tool_call(skill, receipt, is_first))
        }
        _ => None,
    }
}

fn model_call(provider: &str, model: &str, usage: Usage, is_first: bool) -> NewUsage {
    let cost = cost_nanos(provider, model, usage);
    NewUsage {
        kind: UsageKind::Model,
        subject: shortened(format!("{provider}/{model}")),
        amounts: UsageTotals {
            runs: i64::from(is_first),
            model_calls: 1,
            unpriced_calls: i64::from(cost.is_none()),
            input_tokens: count(usage.all_input()),
            output_tokens: count(usage.output_tokens),
            cost_nanos: cost.unwrap_or_default(),
            ..UsageTotals::default()
        },
    }
}

fn tool_call(skill: &str, receipt: &CallReceipt, is_first: bool) -> NewUsage {
    let number = |value: Option<&Value>| {
        let number = value.and_then(Value::as_u64).unwrap_or_default();
        i64::try_from(number).unwrap_or(i64::MAX)
    };
    let uses = receipt.field("uses").and_then(Value::as_array);
    let uses = uses.into_iter().flatten();
    let http = uses.filter(|one| one.get("permission").is_some_and(|name| name == "http"));
    let listed = http.fold(0, |sum: i64, one| {
        sum.saturating_add(number(one.get("bytes")))
    });
    NewUsage {
        kind: UsageKind::Skill,
        subject: shortened(skill.to_owned()),
        amounts: UsageTotals {
            runs: i64::from(is_first),
            tool_calls: 1,
            sandbox_micros: number(receipt.field("durationUs")),
            // A receipt with too many destinations to list says only how many bytes the rest had: a skill must not hide
            // its traffic by spreading it.
            egress_bytes: listed.saturating_add(number(receipt.field("omittedBytes"))),
            ..UsageTotals::default()
        },
    }
}

/// The provider and model that were asked last.
fn asked(steps: &[Step]) -> Option<(&str, &str)> {
    steps.iter().rev().find_map(request)
}

/// The provider and model of every answer.
fn answers(steps: &[Step]) -> impl Iterator<Item = (&str, &str)> {
    let is_answer = |(_, step): &(usize, &Step)| matches!(step, Step::ModelAnswer { .. });
    let answers = steps.iter().enumerate().filter(is_answer);
    answers.filter_map(|(at, _)| asked(steps.get(..at)?))
}

fn request(step: &Step) -> Option<(&str, &str)> {
    match step {
        Step::ModelRequest {
            provider, model, ..
        } => Some((provider, model)),
        _ => None,
    }
}

/// The skill of every call that left a receipt.
fn skills(steps: &[Step]) -> impl Iterator<Item = &str> {
    steps.iter().filter_map(|step| match step {
        Step::ToolEnded {
            receipt: Some(receipt),
            ..
        } => receipt.field("skill")?.as_str(),
        _ => None,
    })
}

fn shortened(mut name: String) -> String {
    let end = (0..=MAX_SUBJECT_BYTES)
        .rev()
        .find(|end| name.is_char_boundary(*end));
    if name.len() > MAX_SUBJECT_BYTES {
        name.truncate(end.unwrap_or_default());
    }
    // PostgreSQL keeps no NUL in a text.
    name.replace('\0', "\u{FFFD}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use skillgate_agent::{CallPlace, ToolOrigin, ToolOutcome};

    use super::*;

    fn ended(receipt: Value) -> Step {
        Step::ToolEnded {
            place: CallPlace { answer: 0, call: 0 },
            id: "1".to_owned(),
            name: "web__get".to_owned(),
            content: String::new(),
            outcome: ToolOutcome::Result,
            receipt: Some(CallReceipt::new(&receipt)),
            origin: ToolOrigin::default(),
        }
    }

    #[test]
    fn a_tool_call_counts_its_time_and_its_traffic_and_the_run_once() {
        let step = ended(
            json!({ "skill": "web", "durationUs": 12, "omittedBytes": 5, "uses": [
            { "permission": "http", "bytes": 100 }, { "permission": "kv", "bytes": 7 },
            { "permission": "http", "bytes": 20 },
        ] }),
        );
        let first = usage_of(&step, &[]).unwrap();
        assert_eq!(
            (first.kind, first.subject.as_str()),
            (UsageKind::Skill, "web")
        );
        let amounts = first.amounts;
        assert_eq!(
            (
                amounts.runs,
                amounts.tool_calls,
                amounts.sandbox_micros,
                amounts.egress_bytes
            ),
            (1, 1, 12, 125)
        );
        let second = usage_of(&step, std::slice::from_ref(&step)).unwrap();
        assert_eq!(second.amounts.runs, 0);
        assert_eq!(usage_of(&ended(json!({ "unreadable": "x" })), &[]), None);
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        assert_eq!(shortened("ab\0".to_owned()), "ab\u{FFFD}");
        let cut = shortened(format!("a{}", "é".repeat(200)));
        assert_eq!(cut.len(), MAX_SUBJECT_BYTES - 1);
    }
}
