-- What 0001_domain.sql cannot say for both databases, for PostgreSQL.

-- Full text of knowledge. `terms` is not the text but letters that stand for its words in its scope, so that a search reads
-- nothing of another scope.
CREATE TABLE knowledge_text (
    scope BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    terms TSVECTOR NOT NULL,
    PRIMARY KEY (scope, seq),
    FOREIGN KEY (scope, seq) REFERENCES knowledge_entry (scope, seq) ON DELETE CASCADE
);
CREATE INDEX knowledge_text_terms ON knowledge_text USING GIN (terms);
