//! Rows to be inserted, with each column named beside its value.

use super::Arg;

/// A row to be inserted. The list of columns and the list of `$n` are made from the same calls, so they cannot differ.
///
/// ```ignore
/// tx.insert(Insert::into_table("account").set("id", id).set("name", name)).await?;
/// ```
pub(crate) struct Insert<'a> {
    table: &'static str,
    columns: Vec<&'static str>,
    expressions: Vec<String>,
    args: Vec<Arg<'a>>,
    source: Option<&'static str>,
    conditions: Vec<String>,
    on_conflict: &'static str,
}

impl<'a> Insert<'a> {
    /// A row of `table`, without columns yet.
    pub(crate) fn into_table(table: &'static str) -> Self {
        Self {
            table,
            columns: Vec::new(),
            expressions: Vec::new(),
            args: Vec::new(),
            source: None,
            conditions: Vec::new(),
            on_conflict: "",
        }
    }

    /// Gives a column a value.
    pub(crate) fn set(mut self, column: &'static str, value: impl Into<Arg<'a>>) -> Self {
        let placeholder = self.placeholder(value);
        self.columns.push(column);
        self.expressions.push(placeholder);
        self
    }

    /// Gives a column the value of another table's column, in a row that is [selected](Self::select_from).
    pub(crate) fn copy(mut self, column: &'static str, from: &'static str) -> Self {
        self.columns.push(column);
        self.expressions.push(from.to_owned());
        self
    }

    /// Inserts one row for each row of another table that fits all [conditions](Self::only_where).
    pub(crate) fn select_from(mut self, table: &'static str) -> Self {
        self.source = Some(table);
        self
    }

    /// Selects only rows in which a column has this value.
    pub(crate) fn only_where(mut self, column: &'static str, value: impl Into<Arg<'a>>) -> Self {
        let placeholder = self.placeholder(value);
        self.conditions.push(format!("{column} = {placeholder}"));
        self
    }

    /// Says what happens where a row with the same unique key exists: the text after `ON CONFLICT`.
    pub(crate) fn on_conflict(mut self, text: &'static str) -> Self {
        self.on_conflict = text;
        self
    }

    /// The statement and its values. `returning` names columns, or is empty.
    pub(super) fn into_statement(self, returning: &str) -> (String, Vec<Arg<'a>>) {
        let (columns, values) = (self.columns.join(", "), self.expressions.join(", "));
        let mut sql = format!("INSERT INTO {} ({columns}) ", self.table);
        match self.source {
            None => sql += &format!("VALUES ({values})"),
            Some(source) => {
                // SQLite reads an `ON` after a table as that of a join, unless a `WHERE` comes before it.
                let conditions = match self.conditions.is_empty() {
                    true => "TRUE".to_owned(),
                    false => self.conditions.join(" AND "),
                };
                sql += &format!("SELECT {values} FROM {source} WHERE {conditions}");
            }
        }
        if !self.on_conflict.is_empty() {
            sql += &format!(" ON CONFLICT {}", self.on_conflict);
        }
        if !returning.is_empty() {
            sql += &format!(" RETURNING {returning}");
        }
        (sql, self.args)
    }

    fn placeholder(&mut self, value: impl Into<Arg<'a>>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_has_its_value() {
        let insert = Insert::into_table("note")
            .set("id", "n1")
            .set("size", 3_i64)
            .on_conflict("(id) DO NOTHING");
        let (sql, args) = insert.into_statement("id");
        assert_eq!(
            sql,
            "INSERT INTO note (id, size) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING RETURNING id"
        );
        assert_eq!(args.len(), 2);
    }

    #[test]
    fn a_row_can_be_selected_from_another_table() {
        let insert = Insert::into_table("note")
            .set("id", "n1")
            .copy("agent_id", "agent.id")
            .select_from("agent")
            .only_where("agent.id", "a1")
            .only_where("agent.account_id", "acct_1");
        let (sql, args) = insert.into_statement("");
        assert_eq!(
            sql,
            "INSERT INTO note (id, agent_id) SELECT $1, agent.id FROM agent WHERE agent.id = $2 AND agent.account_id = $3"
        );
        assert_eq!(args.len(), 3);
        let all = Insert::into_table("note")
            .copy("id", "agent.id")
            .select_from("agent");
        assert!(all.into_statement("").0.ends_with("FROM agent WHERE TRUE"));
    }
}
