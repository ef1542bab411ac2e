//! Writes every page in every variant and both languages to a folder, with an index, so that people and tools
//! (screen shots, axe) can look at them: `cargo run -p gap-idp-server --example render_pages -- FOLDER`.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

use domain::Language;
use idp_server::pages::{assets, every_sample};

fn main() -> io::Result<()> {
    let folder = env::args()
        .nth(1)
        .ok_or_else(|| io::Error::other("usage: render_pages FOLDER"))?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder.join("assets"))?;
    for asset in assets::all() {
        fs::write(folder.join(asset.path().trim_start_matches('/')), asset.bytes())?;
    }
    let mut index =
        String::from("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>pages</title><ul>");
    for language in Language::ALL {
        for sample in every_sample(language).map_err(io::Error::other)? {
            let name = format!("{}.{}.{}.html", sample.page, sample.label, language.tag());
            // The folder stands for the origin's root.
            let html = sample.html.replace("href=\"/assets/", "href=\"assets/");
            fs::write(folder.join(&name), html)?;
            let _ = writeln!(index, "<li><a href=\"{name}\">{name}</a></li>");
        }
    }
    fs::write(folder.join("index.html"), index)
}
