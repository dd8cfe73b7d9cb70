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
    /// Whether a request that needs `scope` is allowed. `admin` holds all, `skills` its two parts, and both parts together are
    /// `skills`.
    pub const fn holds(self, scope: Scope) -> bool {
        let wider = match scope {
            Scope::SkillsRead | Scope::SkillsWrite => Scope::Skills.bit(),
            _ => 0,
        };
        let parts = Scope::SkillsRead.bit() | Scope::SkillsWrite.bit();
        let is_both = matches!(scope, Scope::Skills) && self.0 & parts == parts;
        is_both || self.0 & (scope.bit() | Scope::Admin.bit() | wider) != 0
    }

    /// Those of these scopes by name that this set holds, too: a set that was made of another never holds more.
    pub fn narrowed_to<S: AsRef<str>>(self, names: &[S]) -> Self {
        let wanted = names.iter().filter_map(|name| Scope::parse(name.as_ref()));
        let held = wanted.filter(|scope| self.holds(*scope));
        Self(held.fold(0, |all, scope| all | scope.bit()))
    }

    /// The names of the scopes that were given, in the order of [`Scope::ALL`].
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let given = move |scope: &Scope| self.0 & scope.bit() != 0;
        Scope::ALL.into_iter().filter(given).map(Scope::name)
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
    fn narrowing_never_adds() {
        let held = Scopes::from_names(&["chat", "skills"]);
        let narrowed = held.narrowed_to(&["skills:read", "admin", "logs", ""]);
        assert_eq!(narrowed.names().collect::<Vec<_>>(), ["skills:read"]);
        let parts = Scopes::from_names(&["skills:read", "skills:write"]);
        assert!(parts.narrowed_to(&["skills"]).holds(Scope::SkillsWrite));
        assert!(!Scopes::from_names(&["skills:read"]).holds(Scope::Skills));
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
