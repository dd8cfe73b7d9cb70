//! Consent through a task: what is asked, and what approving it installs.

use serde::{Deserialize, Serialize};
use skillgate_skill::Permissions;
use skillgate_store::{
    Assignment, AssignmentGrant, Decision, NewTask, Skill, Task, TaskKind, Version, VersionHead,
};

use super::Assignments;
use super::consent::{ConsentDifference, ConsentRequired};
use crate::pending_tasks::TaskRequest;
use crate::skills::head_of;
use crate::{Actor, AgentId, ErrorKind, Plan, ServiceError, SkillRef};

/// What a task of kind `consent` asks: whether this version may take that one's place. Approving it holds for exactly what
/// stands here.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConsentSubject {
    /// The skill's name.
    skill: String,
    skill_uuid: String,
    /// The version that is to be installed.
    version: String,
    version_id: String,
    /// SHA-256 of its package's contents, hexadecimal.
    digest: String,
    /// Key id of its signer.
    publisher_key: Option<String>,
    /// Whether it was asked for as the latest version, and not by its number.
    is_latest: bool,
    /// The version that is on the agent.
    replaces: String,
    replaces_id: String,
    /// What approving grants.
    permissions: Permissions,
    difference: ConsentDifference,
}

impl Assignments {
    /// Checks that a version may take the place of another under the grant that there is. `is_latest` says that it was asked for
    /// as the latest, whichever that is.
    pub(super) async fn check_consent(
        &self,
        account: &str,
        skill: &Skill,
        replaced: &Assignment,
        version: &VersionHead,
        is_latest: bool,
    ) -> Result<(), ServiceError> {
        let before = self.whole(account, skill, &replaced.version).await?;
        let after = self.whole(account, skill, &version.version).await?;
        let difference = ConsentDifference::between(&before, &after);
        if !difference.needs_consent() {
            return Ok(());
        }
        let reasons = difference.reasons();
        let key = NewTask::consent_key(&replaced.agent_id, &skill.id, &before.id, &after.id);
        let subject = ConsentSubject {
            skill: skill.name.clone(),
            skill_uuid: skill.id.clone(),
            version: after.version,
            version_id: after.id,
            digest: after.digest,
            publisher_key: after.publisher_key_id,
            is_latest,
            replaces: before.version,
            replaces_id: before.id,
            permissions: after.permissions,
            difference,
        };
        Err(self
            .consent_required(account, &replaced.agent_id, key, subject, &reasons)
            .await?)
    }

    async fn whole(
        &self,
        account: &str,
        skill: &Skill,
        version: &str,
    ) -> Result<Version, ServiceError> {
        let found = self
            .store
            .get_version(account, &skill.id, Some(version))
            .await?;
        let found = found.map(|(_, version)| version);
        found.ok_or_else(|| ServiceError::not_found("skill_version"))
    }

    /// Makes the task, or finds the one that asks the same, and the refusal that names it. Where no further task may be made, the
    /// refusal names none: the call with `permissions` consents all the same.
    async fn consent_required(
        &self,
        account: &str,
        agent: &str,
        idempotency_key: String,
        subject: ConsentSubject,
        reasons: &str,
    ) -> Result<ServiceError, ServiceError> {
        let reasons = reasons.trim_end();
        let request = TaskRequest {
            kind: TaskKind::Consent,
            agent: agent.to_owned(),
            run: None,
            idempotency_key,
            subject: serde_json::to_value(&subject).map_err(ServiceError::internal)?,
            reason: Some(format!(
                "Version {} of {} is to take the place of {}: {reasons}",
                subject.version, subject.skill, subject.replaces
            )),
            lifetime: None,
        };
        let (task_id, how) = match self.pending_tasks.request(account, request).await {
            Ok(task) => {
                let how = format!("Approve the task {}, or repeat", task.id);
                (Some(task.id), how)
            }
            Err(error) if error.kind() == ErrorKind::LimitReached => (
                None,
                format!("No task was made: {} Repeat", error.message()),
            ),
            Err(error) => return Err(error),
        };
        let message = format!(
            "Version {} of {} needs consent, because {reasons}. {how} the call with `permissions`, the permissions that it is to \
             have, to consent.",
            subject.version, subject.skill
        );
        let required = ConsentRequired {
            difference: subject.difference,
            task_id,
        };
        Ok(ServiceError::consent_required(message, required))
    }

    /// Approves a task of kind `consent`: installs what it showed, with what that asks for. The decision and the installation are
    /// committed together.
    ///
    /// # Errors
    /// `Conflict` when the task was decided already or is expired, or what it showed does not hold any more; otherwise as
    /// [`Assignments::install`].
    pub(crate) async fn approve_consent(
        &self,
        actor: &Actor,
        task: &Task,
        decision: &Decision,
    ) -> Result<Task, ServiceError> {
        let account = &*actor.account;
        let shown: ConsentSubject =
            serde_json::from_value(task.subject.clone()).map_err(ServiceError::internal)?;
        let agent: AgentId = task.agent_id.as_deref().unwrap_or_default().parse()?;
        let agent = self.agents.get(actor, &agent).await?;
        let (skill, version) = self.shown_version(account, &shown).await?;
        let there = self.store.list_assignments(account, &agent.id).await?;
        shown.check_replaced(&there)?;
        self.check_room(&there, account, &agent.id, &skill, &version)
            .await?;
        self.check_publisher(account, &skill.account_id, &version)
            .await?;
        let source = self.source(account, &version.id).await?;
        let ready = self.loaded_skills.ready(source).await?;
        let grant = AssignmentGrant::Consented {
            permissions: ready.manifest.permissions.clone(),
            replaces: shown.replaces_id,
            digest: shown.digest,
            publisher_key_id: shown.publisher_key,
        };
        let max_skills = Plan::read(&self.store, account).await?.max_skills_per_agent;
        let new = self.new_assignment(actor, &skill, &version, grant, max_skills);
        let approved = self
            .store
            .approve_consent(account, &agent.id, &task.id, decision, new)
            .await?;
        let approved = approved.ok_or_else(|| ServiceError::not_found("task"))?;
        let assignment = self
            .store
            .get_assignment(account, &agent.id, &skill.id)
            .await?;
        // Where it was removed again at once, nobody has to be told of it.
        if let Some(assignment) = assignment {
            self.installed(&agent, assignment, &version).await?;
        }
        Ok(approved)
    }

    /// The version that was shown, as long as it is the one that would be installed.
    async fn shown_version(
        &self,
        account: &str,
        shown: &ConsentSubject,
    ) -> Result<(Skill, VersionHead), ServiceError> {
        let skill: SkillRef = shown.skill_uuid.parse()?;
        let found = head_of(&self.store, account, &skill, Some(shown.version.as_str())).await;
        let (skill, version) = match found {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound(_)) => {
                return Err(shown.moved_on("it cannot be installed any more"));
            }
            found => found?,
        };
        if version.digest != shown.digest || version.publisher_key_id != shown.publisher_key {
            return Err(shown.moved_on("it has other contents or another signer by now"));
        }
        let latest = skill.latest_version.as_deref();
        if shown.is_latest && latest != Some(&shown.version) {
            let latest = latest.unwrap_or("none");
            return Err(shown.moved_on(&format!("the latest version is {latest} by now")));
        }
        Ok((skill, version))
    }
}

impl ConsentSubject {
    /// Checks that the version that is to be replaced is still on the agent.
    fn check_replaced(&self, there: &[Assignment]) -> Result<(), ServiceError> {
        let is_replaced = |one: &Assignment| one.version_id == self.replaces_id;
        match there.iter().any(is_replaced) {
            true => Ok(()),
            false => Err(self.moved_on(&format!(
                "version {} is not on the agent any more",
                self.replaces
            ))),
        }
    }

    fn moved_on(&self, why: &str) -> ServiceError {
        ServiceError::conflict(format!(
            "This task shows version {} of {}, and {why}. Install the skill again to see what it needs now.",
            self.version, self.skill
        ))
    }
}
