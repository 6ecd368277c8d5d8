use super::*;

/// More than what tells a file from another one.
fn text(what: &str) -> String {
    format!("{what}, a line of a log\n").repeat(100)
}

struct Scene {
    folder: tempfile::TempDir,
    places: Places,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::open(&folder.path().join("state")).unwrap();
        Self { folder, places }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn position(&self, name: &str) -> Option<u64> {
        let file = File::open(self.path(name)).unwrap();
        self.places.find("f", &file).unwrap().map(|place| place.position)
    }

    fn note(&self, name: &str, position: u64) {
        let path = self.path(name);
        let file = File::open(&path).unwrap();
        let print = Print::of(&file).unwrap();
        self.places.note(Noted { flow: "f", path: &path, print, position }, &file).unwrap();
    }

    /// As if the process had been killed and started again.
    fn again(self) -> Self {
        self.places.save().unwrap();
        let Self { folder, places } = self;
        drop(places);
        let places = Places::open(&folder.path().join("state")).unwrap();
        Self { folder, places }
    }
}

#[test]
fn a_file_is_known_under_another_name_and_another_file_under_its_name_is_not() {
    let scene = Scene::new();
    fs::write(scene.path("app.log"), text("one")).unwrap();
    scene.note("app.log", 700);
    let scene = scene.again();
    fs::rename(scene.path("app.log"), scene.path("app.log.1")).unwrap();
    fs::write(scene.path("app.log"), text("two")).unwrap();
    assert_eq!((scene.position("app.log"), scene.position("app.log.1")), (None, Some(700)));
    assert!(scene.places.has_open("f"));
}

#[test]
fn what_was_unread_of_a_file_that_was_cut_short_is_found_in_its_copy() {
    let scene = Scene::new();
    fs::write(scene.path("app.log"), text("one")).unwrap();
    scene.note("app.log", 700);
    let scene = scene.again();
    fs::copy(scene.path("app.log"), scene.path("kept.log")).unwrap();
    fs::write(scene.path("app.log"), text("two") + &text("two")).unwrap();
    assert_eq!((scene.position("app.log"), scene.position("kept.log")), (None, Some(700)));
    scene.note("app.log", 10);
    let scene = scene.again();
    assert_eq!((scene.position("app.log"), scene.position("kept.log")), (Some(10), Some(700)));
    scene.note("kept.log", 900);
    assert_eq!(scene.position("kept.log"), Some(900));
}

#[test]
fn a_file_that_is_there_is_never_forgotten_however_many_there_are() {
    let scene = Scene::new();
    fs::write(scene.path("app.log"), text("one")).unwrap();
    let file = File::open(scene.path("app.log")).unwrap();
    let print = Print::of(&file).unwrap();
    for n in 0..MAX_PLACES + 10 {
        let flow = n.to_string();
        let noted = Noted { flow: &flow, path: Path::new("app.log"), print: print.clone(), position: 1 };
        scene.places.note(noted, &file).unwrap();
    }
    let kept = |flow: &str| scene.places.find(flow, &file).unwrap().is_some();
    scene.places.bound(|_, _| true);
    assert!((0..MAX_PLACES + 10).all(|n| kept(&n.to_string())));
    scene.places.bound(|flow, _| flow.parse::<usize>().unwrap() % 2 == 0);
    assert_eq!((0..MAX_PLACES + 10).filter(|n| !kept(&n.to_string())).count(), 10);
    assert!((0..MAX_PLACES + 10).step_by(2).all(|n| kept(&n.to_string())));
}

#[test]
fn a_folder_of_places_has_one_process_at_a_time() {
    let scene = Scene::new();
    let second = Places::open(&scene.path("state")).err().unwrap();
    assert!(second.contains("another kinflow follows by these places"), "{second}");
}
