use super::*;
use crate::connect::connect;

/// A SQLite database in a folder of its own, which goes with it.
async fn a_database() -> (tempfile::TempDir, Db) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let db = connect(&format!("sqlite://{}", path.display()))
        .await
        .unwrap();
    (folder, db)
}

fn sqlite(shared: &'static str) -> Migration {
    Migration {
        name: "test",
        shared,
        sqlite: "",
        postgres: "",
    }
}

const FAMILY: &str = "CREATE TABLE parent (id BIGINT NOT NULL PRIMARY KEY); \
    CREATE TABLE child (parent_id BIGINT NOT NULL REFERENCES parent (id) ON DELETE CASCADE); \
    INSERT INTO parent (id) VALUES (1); INSERT INTO child (parent_id) VALUES (1);";

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let (_folder, db) = a_database().await;
    migrate(&db).await.unwrap();
    db.execute("INSERT INTO schema_version (version) VALUES (99)", args![])
        .await
        .unwrap();
    let refused = migrate(&db).await.unwrap_err();
    let newest = MIGRATIONS.len() as i64;
    assert!(
        matches!(refused, StoreError::NewerSchema { found: 99, known } if known == newest),
        "{refused}"
    );
    let rows = db.count("SELECT COUNT(*) FROM schema_version", args![]);
    assert_eq!(rows.await.unwrap(), newest + 1);
    db.close().await;
}

#[tokio::test]
async fn a_parent_table_can_be_made_anew_and_keeps_its_children() {
    let (_folder, db) = a_database().await;
    let anew = "CREATE TABLE parent_new (id BIGINT NOT NULL PRIMARY KEY, name TEXT); \
        INSERT INTO parent_new (id) SELECT id FROM parent; DROP TABLE parent; \
        ALTER TABLE parent_new RENAME TO parent;";
    migrate_to(&db, &[sqlite(FAMILY)]).await.unwrap();
    let both = [sqlite(FAMILY), sqlite(anew)];
    migrate_to(&db, &both).await.unwrap();
    let children = "SELECT COUNT(*) FROM child JOIN parent ON parent.id = child.parent_id";
    assert_eq!(db.count(children, args![]).await.unwrap(), 1);
    let orphan = "INSERT INTO child (parent_id) VALUES (2)";
    let refused = db.execute(orphan, args![]).await;
    assert!(
        refused.is_err(),
        "the store's own connections act on foreign keys"
    );
    db.close().await;
}

#[tokio::test]
async fn a_migration_that_loses_a_parent_or_fails_leaves_the_database_as_it_was() {
    let (_folder, db) = a_database().await;
    migrate_to(&db, &[sqlite(FAMILY)]).await.unwrap();
    for broken in [
        "CREATE TABLE more (id BIGINT); DELETE FROM parent;",
        "CREATE TABLE more (id BIGINT); DROP TABLE parent; CREATE TABLE more (id BIGINT);",
    ] {
        let refused = migrate_to(&db, &[sqlite(FAMILY), sqlite(broken)]).await;
        assert!(refused.is_err(), "{broken}");
    }
    let left = "SELECT (SELECT COUNT(*) FROM parent) + (SELECT COUNT(*) FROM child) \
        + (SELECT COUNT(*) FROM schema_version) + (SELECT COUNT(*) FROM sqlite_master WHERE name = 'more')";
    assert_eq!(db.count(left, args![]).await.unwrap(), 3);
    db.close().await;
}

#[tokio::test]
async fn each_database_runs_its_own_script_after_the_shared_one() {
    let (_folder, db) = a_database().await;
    let migration = Migration {
        name: "test",
        shared: "CREATE TABLE note (id BIGINT);",
        sqlite: "INSERT INTO note (id) VALUES (1);",
        postgres: "this is no SQL",
    };
    migrate_to(&db, &[migration]).await.unwrap();
    let notes = db.count("SELECT COUNT(*) FROM note", args![]).await;
    assert_eq!(notes.unwrap(), 1);
    db.close().await;
}
