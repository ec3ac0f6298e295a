//! `generate` without room, without leave, and killed: never a migration without its snapshot, nor the
//! reverse, and it says so where it still can.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::declared::{FIRST, second, third};
use crate::support::{NEON, Project, Run, allowing_everything};

/// What each file in a folder says.
type Files = BTreeMap<String, Vec<u8>>;

const FOLDER: &str = "migrations";

fn files(project: &Project) -> Files {
    let folder = project.root().join(FOLDER);
    let read = |name: String| (name.clone(), fs::read(folder.join(name)).unwrap());
    project.list(FOLDER).into_iter().map(read).collect()
}

/// What somebody would put under version control.
fn kept(project: &Project) -> Files {
    files(project).into_iter().filter(|(name, _)| !name.ends_with(".new")).collect()
}

fn arguments() -> Vec<&'static str> {
    ["generate"].into_iter().chain(allowing_everything()).collect()
}

/// Before the first migration, and before the second.
fn projects() -> [(Project, String); 2] {
    let [new, grown] = [(), ()].map(|()| Project::new(NEON, FIRST));
    grown.run(&arguments()).exits(0);
    [(new, FIRST.to_owned()), (grown, second())]
}

fn migrations(project: &Project) -> usize {
    project.list(FOLDER).iter().filter(|name| name.ends_with(".up.sql")).count()
}

/// Once it can be written, it is, as if nothing had been: each migration is there once, and the snapshot
/// is that of the last.
#[track_caller]
fn goes_on(project: &Project, before: usize, fault: &str) {
    let again = project.run(&arguments());
    assert_eq!(again.code, 0, "after {fault}: {again}\n{:?}", project.list(FOLDER));
    let check = project.run(&["generate", "--check"]);
    assert_eq!(check.code, 0, "after {fault}: {check}");
    assert_eq!(migrations(project), before + 1, "after {fault}: {:?}", project.list(FOLDER));
}

/// Runs `generate` by that command, which cannot write; says whether it could all the same.
#[track_caller]
fn refused(project: &Project, command: Command, fault: &str) -> bool {
    let before = files(project);
    let run = Run::of(command);
    if run.code == 0 {
        return false;
    }
    assert_eq!(run.code, 1, "{fault}: {run}");
    assert!(run.err.contains("cannot write") && run.err.contains(FOLDER), "{fault}: {run}");
    assert_eq!(before, files(project), "{fault}: {run}");
    true
}

/// `generate`, started by a shell that does something first.
fn by_shell(project: &Project, first: &str) -> Command {
    let tool = project.command(&arguments());
    let mut shell = Command::new("sh");
    shell.current_dir(project.root()).stdin(Stdio::null());
    for (name, _) in tool.get_envs().filter(|(_, value)| value.is_none()) {
        shell.env_remove(name);
    }
    shell.arg("-c").arg(format!("{first}; exec \"$@\"")).arg("sh").arg(tool.get_program());
    shell.args(tool.get_args());
    shell
}

/// A file may not grow beyond so much: first neither fits, then the migration does and the snapshot does not.
#[test]
fn without_room_nothing_is_written() {
    for (project, declared) in projects() {
        project.write("src/schema.rs", declared);
        let before = migrations(&project);
        let mut count = 0;
        // A write that would go too far is an error; where the signal is not ignored, it kills.
        while refused(
            &project,
            by_shell(&project, &format!("trap '' XFSZ; ulimit -f {count}")),
            "ulimit",
        ) {
            let (kept_before, shell) =
                (kept(&project), by_shell(&project, &format!("ulimit -f {count}")));
            assert_eq!(Run::of(shell).code, -1);
            assert_eq!(kept(&project), kept_before, "killed by the limit");
            for begun in project.list(FOLDER).iter().filter(|name| name.ends_with(".new")) {
                fs::remove_file(project.root().join(FOLDER).join(begun)).unwrap();
            }
            count += 1;
        }
        // In blocks of 512 bytes.
        assert!(count > 10, "room for all in {count} blocks");
        // The last attempt has written all.
        goes_on(&project, before, "an attempt with room");
    }
}

/// A file system that is full. Only root can make one.
#[test]
fn on_a_full_disk_nothing_is_written() {
    for (project, declared) in projects() {
        project.write("src/schema.rs", declared);
        let folder = project.root().join(FOLDER);
        let before = files(&project);
        let mut sizes = 0;
        for pages in 1.. {
            let Some(_disk) = Disk::new(&folder, pages) else {
                eprintln!("LEFT OUT: a full disk, which only root can make");
                return;
            };
            if before.iter().any(|(name, text)| fs::write(folder.join(name), text).is_err()) {
                continue;
            }
            sizes += 1;
            if !refused(&project, project.command(&arguments()), &format!("{pages} pages")) {
                project.run(&["generate", "--check"]).exits(0);
                break;
            }
        }
        assert!(sizes > 2, "room for all in {sizes} sizes");
    }
}

/// A file system of so many pages in memory, at that place.
struct Disk(PathBuf);

impl Disk {
    fn new(at: &Path, pages: usize) -> Option<Disk> {
        fs::create_dir_all(at).unwrap();
        let size = format!("size={}k", 4 * pages);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then(|| Disk(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// A folder that may only be read. Root may write all the same, so then it is somebody else who runs it.
#[test]
fn without_leave_nothing_is_written() {
    const NOBODY: u32 = 65534;
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for (project, declared) in projects() {
        project.write("src/schema.rs", declared);
        let before = migrations(&project);
        let folder = project.root().join(FOLDER);
        fs::create_dir_all(&folder).unwrap();
        mode(project.root(), 0o755);
        mode(&folder, 0o555);
        let mut command = project.command(&arguments());
        if fs::write(folder.join("probe"), "").is_ok() {
            fs::remove_file(folder.join("probe")).unwrap();
            command.uid(NOBODY).gid(NOBODY);
            let mut probe = project.command(&["--version"]);
            if probe.uid(NOBODY).gid(NOBODY).output().is_err() {
                eprintln!(
                    "LEFT OUT: a folder that may only be read, for others cannot run the tool"
                );
                return;
            }
        }
        assert!(refused(&project, command, "a folder that may only be read"));
        mode(&folder, 0o755);
        goes_on(&project, before, "a folder that may only be read");
    }
}

/// Killed later and later, and as soon as each of its files shows.
#[test]
fn a_killed_run_is_made_up_for() {
    let begun = Instant::now();
    let timed = Project::new(NEON, FIRST);
    timed.run(&arguments()).exits(0);
    let whole = begun.elapsed();
    let (mut killed, mut left) = (0, BTreeMap::<Vec<String>, usize>::new());
    for round in 0..24 {
        for (project, declared) in projects() {
            project.write("src/schema.rs", declared);
            let before = migrations(&project);
            let mut command = project.command(&arguments());
            let mut tool = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            match round % 3 {
                0 => thread::sleep(whole * round / 24),
                1 => until(&mut tool, &project, |name| name.ends_with(".new")),
                _ => until(&mut tool, &project, |name| name.ends_with(".up.sql")),
            }
            tool.kill().unwrap();
            killed += usize::from(!tool.wait().unwrap().success());
            let kinds = project.list(FOLDER).into_iter();
            let kinds = kinds.map(|name| name.split_once('.').unwrap().1.to_owned()).collect();
            *left.entry(kinds).or_default() += 1;
            goes_on(&project, before, &format!("SIGKILL in round {round}"));
        }
    }
    eprintln!("generate was killed {killed} times, and left {left:?}");
    assert!(killed >= 12, "{killed} were killed");
}

/// Waits for a file, or the end of the tool.
fn until(tool: &mut std::process::Child, project: &Project, wanted: impl Fn(&str) -> bool) {
    let before = project.list(FOLDER);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        let new = project.list(FOLDER);
        if new.iter().any(|name| !before.contains(name) && wanted(name)) {
            return;
        }
        if new == before && tool.try_wait().unwrap().is_some() {
            return;
        }
    }
}

/// Killed in front of every file that it puts on the disk and of every name that it gives.
#[test]
fn a_run_that_is_killed_at_any_of_its_files_is_made_up_for() {
    let traces = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !traces.is_ok_and(|status| status.success()) {
        eprintln!("LEFT OUT: killing at a system call, for which strace is needed");
        return;
    }
    for (which, call) in [(0, "fsync"), (0, "/^rename"), (1, "fsync"), (1, "/^rename")] {
        let mut killed = 0;
        loop {
            let [(new, first), (grown, second)] = projects();
            let (project, declared) = if which == 0 { (new, first) } else { (grown, second) };
            project.write("src/schema.rs", declared);
            let before = migrations(&project);
            let inject = format!("inject={call}:signal=SIGKILL:when={}", killed + 1);
            let strace = format!("strace -f -qq -o /dev/null -e trace={call} -e {inject}");
            let run = Run::of(by_shell(&project, &format!("set -- {strace} \"$@\"")));
            goes_on(&project, before, &format!("SIGKILL at {call} {}", killed + 1));
            if run.code == 0 {
                break;
            }
            assert_eq!(run.code, -1, "{run}");
            killed += 1;
        }
        // There are two ways and the snapshot.
        assert_eq!(killed, 3);
    }
}

/// Everything is on the disk, and only some of it has its name.
#[test]
fn a_run_that_was_killed_between_two_names_is_finished() {
    for (project, declared) in projects() {
        let before = kept(&project);
        project.write("src/schema.rs", declared);
        project.run(&arguments()).exits(0);
        let after = kept(&project);
        let folder = project.root().join(FOLDER);
        let snapshot = "schema.snapshot.json";
        fs::rename(folder.join(snapshot), folder.join(format!("{snapshot}.new"))).unwrap();
        if let Some(text) = before.get(snapshot) {
            fs::write(folder.join(snapshot), text).unwrap();
        }
        project.run(&arguments()).exits(0).says("Nothing to do");
        assert_eq!(files(&project), after);
        // The next one goes on from there.
        let before = migrations(&project);
        project.write("src/schema.rs", third());
        goes_on(&project, before, "the end between two names");
    }
}
