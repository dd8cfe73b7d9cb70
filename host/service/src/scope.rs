//! What an API key may do.

use std::fmt;

/// One scope, named as in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// List and get agents.
    AgentsRead,
    /// Create, change, start, stop and delete agents.
    AgentsWrite,
    /// Send messages and read what was said.
    Chat,
    /// List knowledge.
    KnowledgeRead,
    /// Add and delete knowledge.
    KnowledgeWrite,
    /// Read logs and runs.
    Logs,
    /// Both of the two below.
    Skills,
    /// Browse skills.
    SkillsRead,
    /// Publish, install and remove skills.
    SkillsWrite,
    /// List swarms.
    SwarmsRead,
    /// Change swarms.
    SwarmsWrite,
    /// Everything.
    Admin,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 12] = [
        Self::AgentsRead,
        Self::AgentsWrite,
        Self::Chat,
        Self::KnowledgeRead,
        Self::KnowledgeWrite,
        Self::Logs,
        Self::Skills,
        Self::SkillsRead,
        Self::SkillsWrite,
        Self::SwarmsRead,
        Self::SwarmsWrite,
        Self::Admin,
    ];

    /// The scope's name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AgentsRead => "agents:read",
            Self::AgentsWrite => "agents:write",
            Self::Chat => "chat",
            Self::KnowledgeRead => "knowledge:read",
            Self::KnowledgeWrite => "knowledge:write",
            Self::Logs => "logs",
            Self::Skills => "skills",
            Self::SkillsRead => "skills:read",
            Self::SkillsWrite => "skills:write",
            Self::SwarmsRead => "swarms:read",
            Self::SwarmsWrite => "swarms:write",
            Self::Admin => "admin",
        }
    }

    /// The scope of that name, if there is one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The scopes that a key holds. The empty set holds nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u16);

impl Scopes {
    /// Whether a request that needs `scope` is allowed. `admin` holds all, `skills` its two parts.
    pub const fn holds(self, scope: Scope) -> bool {
        let wider = match scope {
            Scope::SkillsRead | Scope::SkillsWrite => Scope::Skills.bit(),
            _ => 0,
        };
        self.0 & (scope.bit() | Scope::Admin.bit() | wider) != 0
    }

    /// The scopes with these names. A name that is none is left out: it allows nothing.
    pub fn from_names<S: AsRef<str>>(names: &[S]) -> Self {
        let bits = names.iter().filter_map(|name| Scope::parse(name.as_ref()));
        Self(bits.fold(0, |all, scope| all | scope.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skills_holds_both_of_its_parts_and_no_more() {
        let scopes = Scopes::from_names(&["skills"]);
        assert!(scopes.holds(Scope::SkillsRead) && scopes.holds(Scope::SkillsWrite));
        assert!(!scopes.holds(Scope::AgentsRead) && !scopes.holds(Scope::Admin));
        assert!(!Scopes::from_names(&["skills:read"]).holds(Scope::SkillsWrite));
    }

    #[test]
    fn admin_holds_all_and_nothing_holds_nothing() {
        for scope in Scope::ALL {
            assert!(Scopes::from_names(&["admin"]).holds(scope));
            assert!(!Scopes::default().holds(scope));
            assert!(!Scopes::from_names(&["Admin", "all", "*"]).holds(scope));
            assert_eq!(Scope::parse(scope.name()), Some(scope));
        }
    }
}
