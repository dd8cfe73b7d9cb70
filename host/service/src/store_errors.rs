//! Says in the caller's terms what the store refuses.

use skillgate_store::{Conflict, Limit, Limited, StoreError};

use crate::ServiceError;

/// What the store refuses is the caller's to mend; what it fails at is ours.
impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(conflict) => conflict.into(),
            StoreError::LimitReached(limit) => Self::limit_reached(limit_message(limit)),
            StoreError::Invalid(message) => Self::invalid(message),
            other => Self::internal(other),
        }
    }
}

impl From<Conflict> for ServiceError {
    fn from(conflict: Conflict) -> Self {
        Self::conflict(conflict_message(&conflict)).because(conflict)
    }
}

fn conflict_message(conflict: &Conflict) -> String {
    let fixed = match conflict {
        Conflict::OtherContents { skill, version } => {
            return format!(
                "Version {version} of {skill} is published with other contents. Raise metadata.version."
            );
        }
        Conflict::UnsignedBesideSigned(skill) => {
            return format!(
                "The skill {skill} is published in signed packages. Sign this version, too, and publish its package."
            );
        }
        Conflict::Changed(noun) => {
            let noun = noun.replace('_', " ");
            return format!("The {noun} was changed or deleted meanwhile. Try again.");
        }
        Conflict::Duplicate { table } if !table.is_empty() => {
            let noun = table.replace('_', " ");
            return format!(
                "The same {noun} exists already. Use another name, or change the one that exists."
            );
        }
        Conflict::TaskDecided(decision) => return format!("This task was {decision} already."),
        Conflict::TaskExpired(at) => {
            return format!("This task expired at {at}. Repeat the call that it was made for.");
        }
        Conflict::ParentMissing => "What this belongs to does not exist any more. Read it again.",
        Conflict::RunEnded => "The run has ended already, or its agent was deleted.",
        Conflict::AlreadyAssigned => "Skill already assigned to this agent",
        Conflict::VersionYanked => "This version was taken back. Install another.",
        Conflict::PublisherKeyRevoked => "The publisher key was revoked. Make a new one.",
        _ => "The same exists already, or was changed meanwhile. Read it again.",
    };
    fixed.to_owned()
}

fn limit_message(limit: Limit) -> String {
    let Limit { of, wanted, most } = limit;
    match of {
        Limited::Secrets => format!(
            "secrets: the agent would have {wanted} secrets; it may have {most}. Delete some that it does not need."
        ),
        Limited::SecretBytes => format!(
            "secrets: the agent's secrets would have {wanted} bytes together; they may have {most}. Delete some that it does not need."
        ),
        Limited::Rules => format!(
            "This agent would have {wanted} rules; it may have {most}. Delete one that it does not need."
        ),
        Limited::Versions => format!(
            "This account would have {wanted} published versions; it may have {most}. Delete a skill first."
        ),
        Limited::PackageBytes => format!(
            "This account's packages would have {wanted} bytes together; they may have {most}. Delete a skill first."
        ),
        Limited::KnowledgeEntries => format!(
            "This knowledge base would have {wanted} entries; it may have {most}. Delete some first."
        ),
        Limited::KnowledgeBytes => format!(
            "This account's knowledge would have {wanted} bytes together; it may have {most}. Delete some first."
        ),
        Limited::PendingTasksOfAgent => format!(
            "{most} tasks of this agent wait for a decision, the most that may. Approve or deny some of them first."
        ),
        Limited::PendingTasksOfAccount => format!(
            "{most} tasks of this account wait for a decision, the most that may. Approve or deny some of them first."
        ),
        Limited::Agents => format!(
            "This account would have {wanted} agents; its plan allows {most}. Delete one first."
        ),
        Limited::AgentSkills => format!(
            "This agent would have {wanted} skills; the plan allows {most}. Remove one first."
        ),
        Limited::Swarms => format!(
            "This account would have {wanted} swarms; it may have {most}. Delete one first."
        ),
        _ => format!("There would be {wanted} of {of:?}; there may be {most}."),
    }
}
