//! The stylesheet and the icon: inside the binary, each under an address that names its content, so that a reply
//! may say `cache-control: public, max-age=31536000, immutable` and a new build never shows an old style.

use std::fmt::Write as _;
use std::sync::LazyLock;

use aws_lc_rs::digest;

/// A file that pages refer to.
#[derive(Debug)]
pub struct Asset {
    path: String,
    content_type: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    fn new(extension: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let mut path = String::from("/assets/");
        for byte in digest::digest(&digest::SHA256, bytes).as_ref().iter().take(10) {
            let _ = write!(path, "{byte:02x}");
        }
        path.push('.');
        path.push_str(extension);
        Self {
            path,
            content_type,
            bytes,
        }
    }

    /// Where it is served: `/assets/`, 20 hexadecimal digits of the SHA-256 of its bytes, the extension.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The media type.
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// The bytes.
    pub fn bytes(&self) -> &'static [u8] {
        self.bytes
    }
}

static STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "css",
        "text/css; charset=utf-8",
        include_bytes!("../../assets/pages.css"),
    )
});
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("svg", "image/svg+xml", include_bytes!("../../assets/icon.svg")));

/// The one stylesheet.
pub fn stylesheet() -> &'static Asset {
    &STYLESHEET
}

/// The icon in the browser's tab.
pub fn icon() -> &'static Asset {
    &ICON
}

/// Every asset, for routes.
pub fn all() -> [&'static Asset; 2] {
    [stylesheet(), icon()]
}

/// The asset that is served at a path, if any.
pub fn find(path: &str) -> Option<&'static Asset> {
    all().into_iter().find(|asset| asset.path() == path)
}
