-- What 0001_domain.sql cannot say for both databases, for SQLite.

-- Full text of knowledge. `terms` is not the text but letters that stand for its words in its scope, so that a search reads
-- nothing of another scope; `rowid` is scope * 4294967296 + seq. The index keeps no copy of the terms.
CREATE VIRTUAL TABLE knowledge_text USING fts5 (
    terms, content = '', contentless_delete = 1, tokenize = 'ascii'
);
CREATE TRIGGER knowledge_entry_deleted AFTER DELETE ON knowledge_entry BEGIN
    DELETE FROM knowledge_text WHERE rowid = old.scope * 4294967296 + old.seq;
END;
