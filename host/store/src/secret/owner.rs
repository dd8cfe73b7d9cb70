//! Whose secrets there are.

/// Whose a secret is, by the id of an agent, a swarm or an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretOwner<'a> {
    /// An agent's own secret.
    Agent(&'a str),
    /// A credential that a swarm's agents fall back to.
    Swarm(&'a str),
    /// A value that a skill in an account's pool is configured with.
    Installation(&'a str),
}

impl<'a> SecretOwner<'a> {
    /// The word for its kind, as the database has it.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::Swarm(_) => "swarm",
            Self::Installation(_) => "installation",
        }
    }

    pub(crate) fn id(self) -> &'a str {
        match self {
            Self::Agent(id) | Self::Swarm(id) | Self::Installation(id) => id,
        }
    }

    /// Changes nothing in the owner's row. Transactions that do so wait for each other, and for one that deletes the owner:
    /// they count what it has.
    pub(super) fn lock(self) -> &'static str {
        match self {
            Self::Agent(_) => "UPDATE agent SET id = id WHERE id = $1 AND account_id = $2",
            Self::Swarm(_) => "UPDATE swarm SET id = id WHERE id = $1 AND account_id = $2",
            Self::Installation(_) => {
                "UPDATE installation SET id = id WHERE id = $1 AND account_id = $2"
            }
        }
    }
}
