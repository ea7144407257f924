//! Files and folders that are nobody else's business: only their owner may read them, whatever
//! the umask is, and nothing is ever written through a symbolic link.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::fs::OFlags;

const FILE: u32 = 0o600;
const FOLDER: u32 = 0o700;

/// Makes `folder` and what is missing above it. One that is there stays as it is.
pub(crate) fn create_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER)
        .create(folder)
}

/// A limit on the size of files ends a program unless it listens; to us it is a full disk.
pub(crate) fn survive_limits() {
    let reached = Arc::new(AtomicBool::new(false));
    let _unlimited = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, reached);
}

/// Opens `path` for reading and writing, and makes it when it is not there. What is in it stays.
/// A symbolic link is refused, and so is what is no file.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_with(path, File::options().create(true).truncate(false))
}

/// Makes a new file; fails when there is one.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    open_with(path, File::options().create_new(true))
}

/// Opens a file that is there.
pub(crate) fn reopen(path: &Path) -> io::Result<File> {
    open_with(path, &mut File::options())
}

fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let flags = i32::try_from(flags).map_err(io::Error::other)?;
    let file = options
        .read(true)
        .write(true)
        .mode(FILE)
        .custom_flags(flags)
        .open(path)
        .map_err(|error| if is_link(path) { link() } else { error })?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("this is no file"));
    }
    narrow(&file)?;
    Ok(file)
}

fn link() -> io::Error {
    io::Error::other("this is a symbolic link, through which nothing is written; remove it")
}

fn is_link(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

/// Takes away what others may do with a file that is ours.
fn narrow(file: &File) -> io::Result<()> {
    let found = file.metadata()?;
    let mode = found.permissions().mode();
    let ours = found.uid() == rustix::process::geteuid().as_raw();
    if ours && mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(mode & 0o700))?;
    }
    Ok(())
}

/// The same for a file that may be there.
pub(crate) fn narrow_if_there(path: &Path) -> io::Result<()> {
    match reopen(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Not ours to change.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        opened => opened.map(|_file| ()),
    }
}

/// Writes `text` aside and moves it to `path`, so that it is whole whenever we are killed.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let aside = path.with_extension("new");
    match std::fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = create_new(&aside)
        .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
        .and_then(|()| std::fs::rename(&aside, path));
    if written.is_err() {
        // On a full disk, nothing of it is left.
        let _gone = std::fs::remove_file(&aside);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{create_folder, create_new, open, replace};

    #[test]
    fn files_are_private_and_links_are_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
        let folder = place.path().join("a/b");
        create_folder(&folder).unwrap();
        assert_eq!(mode(&folder) & 0o777, 0o700);
        let path = folder.join("file");
        create_new(&path).unwrap();
        assert_eq!(mode(&path) & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o664)).unwrap();
        open(&path).unwrap();
        assert_eq!(mode(&path) & 0o777, 0o600, "narrowed");
        replace(&path, "text").unwrap();
        assert_eq!(mode(&path) & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "text");
        let link = folder.join("link");
        symlink(&path, &link).unwrap();
        let words = open(&link).unwrap_err().to_string();
        assert!(words.contains("symbolic link"), "{words}");
        replace(&link, "other").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "text", "untouched");
    }
}
