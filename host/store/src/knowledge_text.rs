//! Full text of knowledge: SQLite's FTS5, PostgreSQL's `tsvector`.
//!
//! The databases are not given words but terms: letters that stand for a word in a scope. So nothing that somebody writes is ever read
//! as the syntax of a search, both databases take the same texts apart alike, and a term is looked up in its own scope alone: no
//! account's words count, or take time, in another's search.

use std::cmp::Reverse;
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
    /// `$1`: the term, `$2`: where counting ends.
    count: &'static str,
    /// `$1`: the terms, `$2`: the most entries that are ranked, `$3`: the most that are given.
    rank: &'static str,
}

/// `bm25` knows itself how rare a term is.
const SQLITE: Statements = Statements {
    insert: "INSERT INTO knowledge_text (rowid, terms) VALUES ($1 * 4294967296 + $2, $3)",
    count: "SELECT COUNT(*) FROM (SELECT 1 FROM knowledge_text WHERE knowledge_text MATCH $1 LIMIT $2) AS found",
    rank: "SELECT seq FROM (SELECT rowid % 4294967296 AS seq, bm25(knowledge_text) AS score FROM knowledge_text \
           WHERE knowledge_text MATCH $1 LIMIT $2) AS found ORDER BY score, seq LIMIT $3",
};

/// `ts_rank` knows one entry only, and not how many others hold a term: each term is ranked by itself and weighed. `$4`: the
/// weights, in the order of the terms.
const POSTGRES: Statements = Statements {
    insert: "INSERT INTO knowledge_text (scope, seq, terms) VALUES ($1, $2, to_tsvector('simple', $3))",
    count: "SELECT COUNT(*) FROM (SELECT 1 FROM knowledge_text WHERE terms @@ to_tsquery('simple', $1) LIMIT $2) AS found",
    rank: "SELECT seq FROM (SELECT found.seq, SUM(asked.weight * ts_rank(found.terms, asked.term::TSQUERY, 1)) AS score \
           FROM unnest(string_to_array($1, ' '), string_to_array($4, ' ')::DOUBLE PRECISION[]) AS asked (term, weight) \
           CROSS JOIN LATERAL (SELECT seq, terms FROM knowledge_text WHERE terms @@ asked.term::TSQUERY LIMIT $2) AS found \
           GROUP BY found.seq) AS ranked ORDER BY score DESC, seq LIMIT $3",
};

/// What a search of one owner's knowledge asks the full text for.
#[derive(Clone, Debug)]
pub struct KnowledgeQuery {
    terms: Vec<String>,
}

impl KnowledgeQuery {
    /// Asks for entries that hold one of `words`: the longest where there are too many, because long ones are rare. A long query
    /// takes milliseconds.
    pub fn new(owner: &KnowledgeOwner, words: &[String]) -> Self {
        let words: BTreeSet<&String> = words.iter().collect();
        let mut words: Vec<&String> = words.into_iter().collect();
        words.sort_by_cached_key(|word| Reverse(word.chars().count()));
        words.truncate(MAX_WORDS);
        let terms = words.into_iter().map(|word| term(owner, word));
        Self {
            terms: terms.collect(),
        }
    }
}

impl Store {
    /// The numbers of an owner's entries that a query asks for, at most `limit`, the best first. Rare words count most, measured by
    /// how many `entries` the owner has; where too many entries hold a word, it is left out if there is a rarer one.
    pub async fn search_knowledge_text(
        &self,
        query: &KnowledgeQuery,
        entries: i64,
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let count = match self.db.pools {
            Pools::Sqlite { .. } => SQLITE.count,
            Pools::Postgres(_) => POSTGRES.count,
        };
        let mut counted = Vec::new();
        for term in &query.terms {
            let count = self.db.count(count, args![term, MAX_RANKED]).await?;
            if count > 0 {
                counted.push((count, term.as_str()));
            }
        }
        let chosen = rarest(counted);
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let (counts, terms): (Vec<i64>, Vec<&str>) = chosen.into_iter().unzip();
        let found: Vec<(i64,)> = match self.db.pools {
            Pools::Sqlite { .. } => {
                let terms = terms.join(" OR ");
                let args = args![&terms, MAX_RANKED, limit];
                self.db.all(SQLITE.rank, args).await?
            }
            Pools::Postgres(_) => {
                let (terms, weights) = (terms.join(" "), weights(&counts, entries));
                let args = args![&terms, MAX_RANKED, limit, &weights];
                self.db.all(POSTGRES.rank, args).await?
            }
        };
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

/// The rarest terms that are together in no more entries than are ranked, with how many hold each; always the rarest of all.
fn rarest(mut counted: Vec<(i64, &str)>) -> Vec<(i64, &str)> {
    counted.sort_unstable();
    let mut ranked = 0;
    let fits = |(count, _): &(i64, &str)| {
        let is_first = ranked == 0;
        ranked += count;
        is_first || ranked <= MAX_RANKED
    };
    counted.into_iter().take_while(fits).collect()
}

/// What terms count that so many of `entries` hold (inverse document frequency), with spaces between.
fn weights(counts: &[i64], entries: i64) -> String {
    let weight = |count: &i64| {
        let weight = (1.0 + entries.max(1) as f64 / *count as f64).ln();
        format!("{weight:.6}")
    };
    counts.iter().map(weight).collect::<Vec<_>>().join(" ")
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
        let of = |counted: &[(i64, &'static str)]| rarest(counted.to_vec());
        assert_eq!(
            of(&[(2_000, "a"), (3, "b"), (1_000, "c")]),
            [(3, "b"), (1_000, "c")]
        );
        assert_eq!(of(&[(2_000, "a")]), [(2_000, "a")]);
        assert!(of(&[]).is_empty());
    }

    #[test]
    fn a_rare_term_weighs_more() {
        assert_eq!(weights(&[1, 2, 4], 4), "1.609438 1.098612 0.693147");
        assert_eq!(weights(&[1], 0), "0.693147");
    }

    #[test]
    fn a_query_asks_for_few_words_and_the_longest() {
        let owner = KnowledgeOwner::Agent("1".into());
        let words: Vec<String> = (1..=40).map(|length| "a".repeat(length)).collect();
        let query = KnowledgeQuery::new(&owner, &[&words[..], &words[..]].concat());
        assert_eq!(query.terms.len(), MAX_WORDS);
        assert_eq!(query.terms[0], term(&owner, &"a".repeat(40)));
    }
}
