//! Projects in storage.

use super::columns::Origin;
use super::database::on_pool;
use super::keys::{self, Made};
use super::tx::{Tx, in_tx};
use super::{Answer, Change, Database, StorageError, Thing, Write};
use crate::domain::{
    AppError, Audience, Author, Code, DEFAULT_PROJECT, IdempotencyKey, NewProject, Project,
    ProjectChange, Scope, Timestamp,
};

#[derive(sqlx_macros::FromRow)]
struct ProjectRow {
    name: String,
    title: String,
    folder: Option<String>,
    checks: Option<String>,
    archived: bool,
    version: i64,
    edit_version: i64,
}

impl TryFrom<ProjectRow> for Project {
    type Error = StorageError;

    fn try_from(row: ProjectRow) -> Answer<Self> {
        let origin = Origin {
            table: "projects",
            row: &row.name,
        };
        let checks = row.checks.map(|text| origin.json("checks", &text));
        Ok(Self {
            checks: checks.transpose()?,
            name: row.name,
            title: row.title,
            folder: row.folder,
            archived: row.archived,
            version: row.version,
            edit_version: row.edit_version,
        })
    }
}

const ONE: &str = "select name, title, folder, checks, archived, version, edit_version \
    from projects where name = $1";
const ALL: &str = "select name, title, folder, checks, archived, version, edit_version \
    from projects order by name";

impl Database {
    /// The projects that `scope` covers, by name.
    pub(crate) async fn projects(&self, scope: &Scope) -> Answer<Vec<Project>> {
        let rows: Vec<ProjectRow> =
            on_pool!(self, pool => sqlx::query_as(ALL).fetch_all(pool).await?);
        let seen = rows.into_iter().filter(|row| scope.covers(&row.name));
        seen.map(Project::try_from).collect()
    }

    /// One project, when `scope` covers it.
    pub(crate) async fn project(&self, scope: &Scope, name: &str) -> Answer<Project> {
        let row: Option<ProjectRow> =
            on_pool!(self, pool => sqlx::query_as(ONE).bind(name).fetch_optional(pool).await?);
        visible(row, scope, name)
    }
}

async fn load(tx: &mut Tx<'_>, scope: &Scope, name: &str) -> Answer<Project> {
    let row: Option<ProjectRow> =
        in_tx!(tx, conn => sqlx::query_as(ONE).bind(name).fetch_optional(conn).await?);
    visible(row, scope, name)
}

/// What is not there and what may not be seen answer alike.
fn visible(row: Option<ProjectRow>, scope: &Scope, name: &str) -> Answer<Project> {
    let row = row.filter(|row| scope.covers(&row.name));
    let absent = || {
        AppError::new(
            Code::ProjectNotFound,
            format!("there is no project {name:?}"),
        )
    };
    row.ok_or_else(absent)?.try_into()
}

/// Passes when `author` may make tasks in this project.
pub(super) async fn check_open(tx: &mut Tx<'_>, author: &Author, name: &str) -> Answer<()> {
    // It is always there and always open.
    if name != DEFAULT_PROJECT {
        let project = match load(tx, &author.sees, name).await {
            Err(StorageError::Refused(absent)) => {
                return Err(AppError::invalid_field("project", &absent.detail).into());
            }
            project => project?,
        };
        if project.archived {
            let detail = format!("the project {name} is archived and takes no new tasks");
            return Err(AppError::new(Code::ProjectArchived, detail).into());
        }
    }
    if author.makes.covers(name) {
        return Ok(());
    }
    // Who may not even look is told nothing of it.
    if !author.sees.covers(name) {
        let detail = format!("there is no project {name:?}");
        return Err(AppError::invalid_field("project", &detail).into());
    }
    let detail = format!("making tasks in {name} takes an operator of it");
    Err(AppError::new(Code::NotAllowed, detail).into())
}

/// Adds a project. `new` has been found valid.
pub(crate) struct CreateProject {
    pub(crate) new: NewProject,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) now: Timestamp,
}

/// What is said of a project that was removed, to whom its key made it.
fn removed(error: StorageError, name: &str) -> StorageError {
    match error {
        StorageError::Refused(absent) if absent.code == Code::ProjectNotFound => {
            let detail =
                format!("the project {name:?}, which this Idempotency-Key made, was removed");
            AppError::new(Code::ProjectNotFound, detail).into()
        }
        error => error,
    }
}

const INSERT: &str = "insert into projects (name, title, folder, created_at) \
    values ($1, $2, $3, $4) on conflict (name) do nothing";

impl Write for CreateProject {
    /// The project, and whether an earlier request had created it already.
    type Output = (Project, bool);

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<(Project, bool)> {
        if let Some(key) = &self.key
            && let Some(Made::Named { name, .. }) = keys::find(tx, key, self.now).await?
        {
            let made = load(tx, &Scope::everything(), &name).await;
            return Ok((made.map_err(|error| removed(error, &name))?, true));
        }
        let name = &self.new.name;
        let title = self.new.title.as_deref().unwrap_or(name);
        let added = in_tx!(tx, conn => sqlx::query(INSERT)
            .bind(name)
            .bind(title)
            .bind(&self.new.folder)
            .bind(self.now.0)
            .execute(conn)
            .await?.rows_affected());
        if added == 0 {
            let detail = format!("there is a project {name} already");
            return Err(AppError::new(Code::ProjectExists, detail).into());
        }
        if let Some(key) = &self.key {
            let name = name.clone();
            keys::keep(tx, key, &Made::Named { name, is_new: true }, self.now).await?;
        }
        let project = load(tx, &Scope::everything(), name).await?;
        announce(tx, name, project.version);
        Ok((project, false))
    }
}

/// Changes a project. `change` has been found valid.
pub(crate) struct ChangeProject {
    pub(crate) name: String,
    pub(crate) change: ProjectChange,
    /// The `edit_version` that the caller knows; any when absent.
    pub(crate) expected: Option<i64>,
}

const UPDATE: &str = "update projects set title = $2, folder = $3, archived = $4, \
    version = $5, edit_version = $6 where name = $1";

impl Write for ChangeProject {
    type Output = Project;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Project> {
        let mut project = load(tx, &Scope::everything(), &self.name).await?;
        check_edition(&project, self.expected)?;
        let change = &self.change;
        if self.name == DEFAULT_PROJECT && change.archived == Some(true) {
            let detail = "the project default takes what names no other, and stays open";
            return Err(AppError::new(Code::ProjectIsDefault, detail).into());
        }
        if let Some(title) = &change.title {
            project.title = title.as_ref().unwrap_or(&project.name).clone();
        }
        if let Some(folder) = &change.folder {
            project.folder.clone_from(folder);
        }
        project.archived = change.archived.unwrap_or(project.archived);
        project.version += 1;
        project.edit_version += 1;
        in_tx!(tx, conn => sqlx::query(UPDATE)
            .bind(&project.name)
            .bind(&project.title)
            .bind(&project.folder)
            .bind(project.archived)
            .bind(project.version)
            .bind(project.edit_version)
            .execute(conn)
            .await?.rows_affected());
        announce(tx, &self.name, project.version);
        Ok(project)
    }
}

/// Passes when the `edit_version` of `project` is the one that the caller knows.
fn check_edition(project: &Project, known: Option<i64>) -> Result<(), AppError> {
    if known.is_none_or(|known| known == project.edit_version) {
        return Ok(());
    }
    let detail = format!("the project {} was changed meanwhile", project.name);
    Err(AppError::new(Code::ChangedMeanwhile, detail))
}

/// Removes a project that has nothing.
pub(crate) struct RemoveProject {
    pub(crate) name: String,
    /// The `edit_version` that the caller knows; any when absent.
    pub(crate) expected: Option<i64>,
}

const HAS_TASKS: &str =
    "select count(*) from (select 1 from tasks where project = $1 limit 1) as t";
const HAS_SESSIONS: &str =
    "select count(*) from (select 1 from sessions where project = $1 limit 1) as t";
const REMOVE: &str = "delete from projects where name = $1";

impl Write for RemoveProject {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        let project = load(tx, &Scope::everything(), &self.name).await?;
        check_edition(&project, self.expected)?;
        if self.name == DEFAULT_PROJECT {
            let detail = "the project default takes what names no other, and stays";
            return Err(AppError::new(Code::ProjectIsDefault, detail).into());
        }
        // A task of the same group may have been created a moment ago.
        tx.flush().await?;
        for (sql, things) in [(HAS_TASKS, "tasks"), (HAS_SESSIONS, "sessions")] {
            let found: i64 =
                in_tx!(tx, conn => sqlx::query_scalar(sql).bind(&self.name).fetch_one(conn).await?);
            if found > 0 {
                let detail = format!("the project {} has {things}; archive it", self.name);
                return Err(AppError::new(Code::ProjectInUse, detail).into());
            }
        }
        in_tx!(tx, conn => sqlx::query(REMOVE)
            .bind(&self.name)
            .execute(conn)
            .await?.rows_affected());
        announce(tx, &self.name, project.version + 1);
        Ok(())
    }
}

fn announce(tx: &mut Tx<'_>, name: &str, version: i64) {
    tx.changed(Change {
        version,
        audience: Audience::Projects(vec![name.to_owned()]),
        thing: Thing::Project(name.to_owned()),
    });
}
