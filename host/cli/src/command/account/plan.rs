//! Names, plans and limits of accounts as they are typed, checked.

use skillgate_service::config::{MAX_AGENTS_PER_ACCOUNT, MAX_SKILLS_PER_AGENT};
use skillgate_store::AccountChanges;

use crate::args::{Limit, PlanChanges};
use crate::exit::{Exit, Failure, Outcome};

/// The longest name of an account or a plan.
const MAX_NAME: usize = 100;

/// What is to change of an account.
pub(super) fn changes(plan: &PlanChanges) -> Outcome<AccountChanges> {
    let named = plan.plan.as_deref();
    let max_skills = MAX_SKILLS_PER_AGENT as i64;
    Ok(AccountChanges {
        name: None,
        plan: named.map(|text| name("--plan", text)).transpose()?,
        max_agents: limit("--max-agents", plan.max_agents, MAX_AGENTS_PER_ACCOUNT)?,
        max_skills_per_agent: limit(
            "--max-skills-per-agent",
            plan.max_skills_per_agent,
            max_skills,
        )?,
        allows_swarms: plan.swarms,
    })
}

/// The name without the space around it.
pub(super) fn name(option: &str, text: &str) -> Outcome<String> {
    let text = text.trim();
    if (1..=MAX_NAME).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err(Failure::new(
        Exit::Usage,
        format_args!("{option} must have 1 to {MAX_NAME} characters"),
    ))
}

/// A limit, at most the server's own.
fn limit(option: &str, given: Option<Limit>, host: i64) -> Outcome<Option<Option<i64>>> {
    let given = given.map(|Limit(number)| number.map(i64::from));
    match given {
        Some(Some(number)) if number > host => Err(Failure::new(
            Exit::Usage,
            format_args!("{option} must be at most {host}, the server's own limit"),
        )),
        given => Ok(given),
    }
}
