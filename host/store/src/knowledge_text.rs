//! Full text of knowledge: SQLite's FTS5, PostgreSQL's `tsvector`.
//!
//! The databases are not given words but terms: letters that stand for a word in a scope. So nothing that somebody writes is ever read
//! as the syntax of a search, both databases take the same texts apart alike, and a term is looked up in its own scope alone: no
//! account's words count, or take time, in another's search.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::db::{Pools, Tx, args};
use crate::{KnowledgeOwner, Store, StoreError};

/// The most different words of one search.
const MAX_WORDS: usize = 16;
/// The most entries that one search ranks. A word that is in more of them tells them hardly apart.
const MAX_RANKED: i64 = 2_000;

/// Statements of one database. The key of SQLite's full text is made of the scope's number and, in its lower 32 bits, the entry's.
struct Statements {
    insert: &'static str,
    /// `$1`: the query, `$2`: where counting ends.
    count: &'static str,
    /// `$1`: the query, `$2`: the most entries that are ranked, `$3`: the most that are given.
    rank: &'static str,
    /// What stands between the terms of a query of which one is enough.
    or: &'static str,
}

const SQLITE: Statements = Statements {
    insert: "INSERT INTO knowledge_text (rowid, terms) VALUES ($1 * 4294967296 + $2, $3)",
    count: "SELECT COUNT(*) FROM (SELECT 1 FROM knowledge_text WHERE knowledge_text MATCH $1 LIMIT $2) AS found",
    rank: "SELECT seq FROM (SELECT rowid % 4294967296 AS seq, bm25(knowledge_text) AS score FROM knowledge_text \
           WHERE knowledge_text MATCH $1 LIMIT $2) AS found ORDER BY score, seq LIMIT $3",
    or: " OR ",
};

const POSTGRES: Statements = Statements {
    insert: "INSERT INTO knowledge_text (scope, seq, terms) VALUES ($1, $2, to_tsvector('simple', $3))",
    count: "SELECT COUNT(*) FROM (SELECT 1 FROM knowledge_text WHERE terms @@ to_tsquery('simple', $1) LIMIT $2) AS found",
    rank: "SELECT seq FROM (SELECT seq, ts_rank(terms, to_tsquery('simple', $1), 1) AS score FROM knowledge_text \
           WHERE terms @@ to_tsquery('simple', $1) LIMIT $2) AS found ORDER BY score DESC, seq LIMIT $3",
    or: " | ",
};

impl Store {
    /// The numbers of an owner's entries that hold one of `words`, at most `limit`, the best first. Rare words count most; where too
    /// many entries hold a word, it is left out if there is a rarer one.
    pub async fn search_knowledge_text(
        &self,
        owner: &KnowledgeOwner,
        words: &[String],
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let statements = match self.db.pools {
            Pools::Sqlite { .. } => &SQLITE,
            Pools::Postgres(_) => &POSTGRES,
        };
        let mut counted = Vec::new();
        for term in terms_of_query(owner, words) {
            let count = self
                .db
                .count(statements.count, args![&term, MAX_RANKED])
                .await?;
            if count > 0 {
                counted.push((count, term));
            }
        }
        let chosen = rarest(counted);
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let query = chosen.join(statements.or);
        let found: Vec<(i64,)> = self
            .db
            .all(statements.rank, args![&query, MAX_RANKED, limit])
            .await?;
        Ok(found.into_iter().map(|(seq,)| seq).collect())
    }
}

/// The terms under which an entry with these words is found among an owner's. A long text takes a noticeable part of a millisecond.
pub fn knowledge_terms(owner: &KnowledgeOwner, words: &[String]) -> String {
    let terms: Vec<String> = words.iter().map(|word| term(owner, word)).collect();
    terms.join(" ")
}

/// Makes an entry be found by its terms.
pub(crate) async fn insert_terms(
    tx: &mut Tx,
    scope: i64,
    seq: i64,
    terms: &str,
) -> Result<(), StoreError> {
    let insert = match tx.is_postgres() {
        false => SQLITE.insert,
        true => POSTGRES.insert,
    };
    tx.execute(insert, args![scope, seq, terms]).await?;
    Ok(())
}

/// The terms of a query: the longest words where there are too many, because long ones are rare.
fn terms_of_query(owner: &KnowledgeOwner, words: &[String]) -> Vec<String> {
    let words: BTreeSet<&String> = words.iter().collect();
    let mut words: Vec<&String> = words.into_iter().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.truncate(MAX_WORDS);
    words.into_iter().map(|word| term(owner, word)).collect()
}

/// The rarest terms that are together in no more entries than are ranked; always the rarest of all.
fn rarest(mut counted: Vec<(i64, String)>) -> Vec<String> {
    counted.sort();
    let mut ranked = 0;
    let fits = |(count, _): &(i64, String)| {
        let is_first = ranked == 0;
        ranked += count;
        is_first || ranked <= MAX_RANKED
    };
    let chosen = counted.into_iter().take_while(fits);
    chosen.map(|(_, term)| term).collect()
}

/// Sixteen letters from `a` to `p` that stand for a word in an owner's knowledge: a digest, so that a term's length and letters are the same
/// whatever the word is made of.
fn term(owner: &KnowledgeOwner, word: &str) -> String {
    let (kind, id) = match owner {
        KnowledgeOwner::Agent(id) => ("agent", id),
        KnowledgeOwner::Swarm(id) => ("swarm", id),
    };
    let digest = Sha256::new()
        .chain_update(kind)
        .chain_update(id)
        .chain_update([0])
        .chain_update(word)
        .finalize();
    let letters = digest
        .iter()
        .take(8)
        .flat_map(|byte| [byte >> 4, byte & 15]);
    letters.map(|number| char::from(b'a' + number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_letters_whatever_the_word_is() {
        let [agent, swarm] =
            [KnowledgeOwner::Agent, KnowledgeOwner::Swarm].map(|kind| kind("1".into()));
        for word in [
            "",
            "a",
            "\"",
            "NEAR(",
            "a* OR b",
            "\0",
            "𐀀",
            &"x".repeat(1_000),
        ] {
            let term = term(&agent, word);
            assert_eq!(term.len(), 16);
            assert!(term.bytes().all(|byte| byte.is_ascii_lowercase()), "{term}");
            assert_ne!(
                term,
                super::term(&swarm, word),
                "an owner has its own terms"
            );
        }
    }

    #[test]
    fn the_rarest_terms_are_ranked_and_always_one() {
        let of = |counts: &[i64]| {
            let counted = counts.iter().map(|count| (*count, count.to_string()));
            rarest(counted.collect())
        };
        assert_eq!(of(&[2_000, 3, 1_000]), ["3", "1000"]);
        assert_eq!(of(&[2_000]), ["2000"]);
        assert!(of(&[]).is_empty());
    }
}
