//! Nobody else reads what the program keeps, and nothing is written through a link.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::json;

use super::Running;
use crate::tests::support::{Engine, Place};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_files_of_a_database_are_its_owners_whatever_the_umask() {
    let place = Place::new(Engine::Sqlite).await;
    let names = [
        "dashboard.db",
        "dashboard.db-wal",
        "dashboard.db-shm",
        "dashboard.db.lock",
    ];
    let program = Running::try_start(&place, "umask 0", None).await.unwrap();
    program.client.create(json!({"description": "x"})).await;
    for name in names {
        assert_eq!(mode(&place.folder().join(name)), 0o600, "{name}");
    }
    program.stop().await;
    // Those of a version that did not care are narrowed.
    let open = std::fs::Permissions::from_mode(0o644);
    for name in ["dashboard.db", "dashboard.db.lock"] {
        std::fs::set_permissions(place.folder().join(name), open.clone()).unwrap();
    }
    let program = Running::try_start(&place, "umask 0", None).await.unwrap();
    program.client.create(json!({"description": "x"})).await;
    for name in names {
        assert_eq!(mode(&place.folder().join(name)), 0o600, "{name}");
    }
    program.stop().await;
}

#[tokio::test]
async fn nothing_is_written_through_a_link_or_over_a_file_of_others() {
    let place = Place::new(Engine::Sqlite).await;
    let victim = place.folder().join("victim");
    let lock = place.folder().join("dashboard.db.lock");
    let database = place.folder().join("dashboard.db");
    let whole = "what somebody wrote\n";
    let refused = async |what: &str| {
        let refusal = Running::try_start(&place, "true", None).await;
        let refusal = refusal.err().unwrap_or_else(|| panic!("{what}: it starts"));
        assert_eq!(refusal.code, Some(2), "{refusal:?}");
        assert!(refusal.said.contains("db_path"), "{refusal:?}");
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), whole, "{what}");
    };
    std::fs::write(&victim, whole).unwrap();
    symlink(&victim, &lock).unwrap();
    refused("a link as the lock").await;
    std::fs::remove_file(&lock).unwrap();
    let empty = place.folder().join("empty");
    std::fs::write(&empty, "").unwrap();
    symlink(&empty, &lock).unwrap();
    refused("a link to an empty file as the lock").await;
    assert_eq!(std::fs::read(&empty).unwrap(), b"");
    std::fs::remove_file(&lock).unwrap();
    std::fs::hard_link(&victim, &lock).unwrap();
    refused("another name of a file as the lock").await;
    std::fs::remove_file(&lock).unwrap();
    symlink(&victim, &database).unwrap();
    refused("a link as the database").await;
    std::fs::remove_file(&database).unwrap();
    symlink(place.folder().join("nothing"), &database).unwrap();
    refused("a link to nothing as the database").await;
    assert!(!place.folder().join("nothing").exists());
}
